import { clearTimeout, setTimeout } from 'node:timers';

const SLICES = 10;

/** What postpones a deadline, and whether it keeps the process running. */
interface DeadlineOptions {
  /** Whether the wait has a legitimate cause: then it starts over. Default: never. */
  isExcused?: () => boolean;
  /** Whether silence is expected at the moment: then the wait starts over. */
  isExpected?: () => boolean;
  /** A number that rises with every sign of life: then the wait starts over. */
  progress?: () => number;
  /** Whether it keeps the process running. Default true. */
  hold?: boolean;
}

/**
 * Calls `expire` after `ms` in which an answer could have been received. That is postponed while `isExcused` and
 * whenever there is `progress`. Meanwhile it keeps the process running, as a pending write to a file does, unless it is
 * excused or `hold` is false. Returns a function that cancels it.
 *
 * A process that computes for seconds does not receive what has arrived, and that is not the server's silence. So the
 * time is divided into slices, and each counts as one however late it ends.
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
