import type { Listener } from './contract.ts';

/** A listener on `port` whose `stop` runs once, however often it is closed. */
export function listenerOf(port: number, stop: () => Promise<void>): Listener {
  let stopping: Promise<void> | undefined;
  return {
    port,
    close: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}
