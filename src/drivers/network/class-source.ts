import type { NetworkListenerClass } from '../contract.ts';
import type { NetworkSource } from './network-kind.ts';

/** A class of the user's. Its members are called on it, so that they may use `this`. */
export function classSource(Listener: NetworkListenerClass): NetworkSource {
  return {
    identity: { data: 'class', object: Listener },
    lease: () => ({
      getIsOnline: () => Listener.getIsOnline(),
      listen: (change) => Listener.listen(change),
      release() {},
    }),
  };
}
