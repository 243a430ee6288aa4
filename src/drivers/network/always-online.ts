import type { NetworkLease } from '../contract.ts';
import type { NetworkKind, NetworkSource } from './network-kind.ts';

const lease: NetworkLease = {
  getIsOnline: () => Promise.resolve(true),
  listen: () => () => {},
  release() {},
};

const source: NetworkSource = { identity: { data: 'always-online' }, lease: () => lease };

/** Assumes that the network is up, as a server may: a failed connection is retried, whatever the reason. */
export const alwaysOnline: NetworkKind = { options: [], source: () => source };
