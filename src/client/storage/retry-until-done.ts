import { setTimeout } from 'node:timers/promises';
import { isFault } from '../../errors.ts';
import { backoffMs } from './backoff.ts';

const RETRY_MS = { first: 100, most: 5_000 } as const;

/**
 * The result of `work`, tried until it works. `onFailure` is told of the first failure. Rejects with a fault of a program,
 * which no other try would change. Never resolves once `isStopped`. The waiting keeps no process running.
 */
export async function retryUntilDone<T>(
  work: () => Promise<T>,
  onFailure: (cause: unknown) => void,
  isStopped: () => boolean,
): Promise<T> {
  for (let failures = 0; !isStopped(); failures++) {
    try {
      return await work();
    } catch (cause) {
      if (isFault(cause)) throw cause;
      if (failures === 0) onFailure(cause);
    }
    await setTimeout(backoffMs(failures, RETRY_MS), undefined, { ref: false });
  }
  return new Promise(() => {});
}
