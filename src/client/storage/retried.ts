import { setTimeout } from 'node:timers/promises';
import { isFault } from '../../errors.ts';

const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;

/**
 * The result of `work`, tried until it works. `onFailure` is told of the first failure. Rejects with a fault of a program,
 * which no other try would change. Never resolves once `isStopped`. The waiting keeps no process running.
 */
export async function retried<T>(
  work: () => Promise<T>,
  onFailure: (cause: unknown) => void,
  isStopped: () => boolean,
): Promise<T> {
  let delay = FIRST_RETRY_MS;
  while (!isStopped()) {
    try {
      return await work();
    } catch (cause) {
      if (isFault(cause)) throw cause;
      if (delay === FIRST_RETRY_MS) onFailure(cause);
    }
    await setTimeout(delay, undefined, { ref: false });
    delay = Math.min(delay * 2, MAX_RETRY_MS);
  }
  return new Promise(() => {});
}
