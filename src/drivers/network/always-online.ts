import type { NetworkListenerClass } from '../contract.ts';

/**
 * Takes the network for granted, as a server may: a connection that fails is tried again, whatever the reason.
 */
export const AlwaysOnline: NetworkListenerClass = {
  getIsOnline: () => Promise.resolve(true),
  listen: () => () => {},
};
