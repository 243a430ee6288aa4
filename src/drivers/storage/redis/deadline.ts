import { clearTimeout, setTimeout } from 'node:timers';

const SLICES = 10;

/**
 * Calls `expire` after `ms` in which an answer could have been heard, and puts that off while `isExcused`. Holds the
 * process meanwhile, as a file that is being written does, unless it is excused or `hold` is false. Returns what takes
 * it back.
 *
 * A process that computes for seconds hears nothing of what has come, which is not the server's silence. So time is
 * taken in slices, of which one passes however late it ends.
 */
export function deadline(
  ms: number,
  expire: () => void,
  { isExcused = () => false, hold = true }: { isExcused?: () => boolean; hold?: boolean } = {},
): () => void {
  let timer: NodeJS.Timeout;
  let left = SLICES;
  const wait = (): void => {
    timer = setTimeout(() => {
      if (isExcused()) left = SLICES;
      else left--;
      if (left > 0) wait();
      else expire();
    }, ms / SLICES);
    if (!hold || isExcused()) timer.unref();
  };
  wait();
  return () => clearTimeout(timer);
}
