import { setTimeout } from 'node:timers/promises';
import { backoffMs } from '../../backoff.ts';
import { isFault } from '../../errors.ts';

const RETRY_MS = { first: 100, most: 5_000 } as const;

/**
 * Tries `work` until it succeeds, and resolves with its result. Calls `onFailure` once, with the first failure. Rejects
 * at once for a fault in the program, which another try would not change. Never settles once `isStopped`. Waiting
 * between tries does not keep the process running.
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
