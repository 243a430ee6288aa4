import type { NetworkListenerClass } from '../../drivers/contract.ts';

/**
 * Wraps a network listener so that it can be released and always has a first answer. Core never stops listening, and
 * never connects when its first question to the network fails.
 */
export function releasable(
  network: NetworkListenerClass,
  onError: (cause: unknown) => void,
): { listener: NetworkListenerClass; release(): void } {
  let stop: (() => void) | undefined;
  let released = false;
  return {
    listener: {
      getIsOnline: async () => {
        try {
          return Boolean(await network.getIsOnline());
        } catch (cause) {
          onError(cause);
          return true;
        }
      },
      listen: (change) => {
        if (released) return;
        stop = network.listen(change);
      },
    },
    release: () => {
      released = true;
      stop?.();
      stop = undefined;
    },
  };
}
