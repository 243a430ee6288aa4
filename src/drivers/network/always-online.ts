import type { NetworkListenerClass } from '../contract.ts';

/** Assumes that the network is up, as a server may: a failed connection is retried, whatever the reason. */
export const AlwaysOnline: NetworkListenerClass = {
  getIsOnline: () => Promise.resolve(true),
  listen: () => () => {},
};
