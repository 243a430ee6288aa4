import type { NetworkListenerClass } from '@instantdb/node';

/** A network that a test switches on and off. */
export interface SwitchedNetwork extends NetworkListenerClass {
  /** Tells whoever listens. */
  switch(isOnline: boolean): void;
  /** Resolves once somebody listens: what is switched before is told to nobody. */
  readonly listenedTo: Promise<void>;
  /** How many listen. */
  readonly listeners: number;
}

/** Makes a {@link SwitchedNetwork}. */
export function switchedNetwork(isOnline: boolean): SwitchedNetwork {
  const changes = new Set<(isOnline: boolean) => void>();
  let state = isOnline;
  let onListen = (): void => {};
  const listenedTo = new Promise<void>((resolve) => {
    onListen = resolve;
  });
  return {
    listenedTo,
    getIsOnline: () => Promise.resolve(state),
    listen(change) {
      changes.add(change);
      onListen();
      return () => changes.delete(change);
    },
    switch(next) {
      state = next;
      for (const change of changes) change(next);
    },
    get listeners() {
      return changes.size;
    },
  };
}
