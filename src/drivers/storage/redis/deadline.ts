import { clearTimeout, setTimeout } from 'node:timers';

const SLICES = 10;

/** What puts a deadline off, and what it holds. */
interface DeadlineOptions {
  /** Whether the wait is nobody's fault. Default: never. */
  isExcused?: () => boolean;
  /** Whether silence is to be expected just now: the wait begins anew then. */
  isExpected?: () => boolean;
  /** A number that rises when something was heard: the wait begins anew then. */
  progress?: () => number;
  /** Whether it keeps the process running. Default true. */
  hold?: boolean;
}

/**
 * Calls `expire` after `ms` in which an answer could have been heard, and puts that off while `isExcused` and whenever
 * there is `progress`. Holds the process meanwhile, as a file that is being written does, unless it is excused or `hold`
 * is false. Returns what takes it back.
 *
 * A process that computes for seconds hears nothing of what has come, which is not the server's silence. So time is
 * taken in slices, of which one passes however late it ends.
 */
export function deadline(
  ms: number,
  expire: () => void,
  {
    isExcused = () => false,
    isExpected = () => false,
    progress = () => 0,
    hold = true,
  }: DeadlineOptions = {},
): () => void {
  let timer: NodeJS.Timeout;
  let left = SLICES;
  let heard = progress();
  const wait = (): void => {
    timer = setTimeout(() => {
      const now = progress();
      if (isExcused() || isExpected() || now !== heard) left = SLICES;
      else left--;
      heard = now;
      if (left > 0) wait();
      else expire();
    }, ms / SLICES);
    if (!hold || isExcused()) timer.unref();
  };
  wait();
  return () => clearTimeout(timer);
}
