import { clearTimeout, setTimeout } from 'node:timers';

/**
 * Calls `expire` after `ms`, and puts that off while `isExcused`. Holds the process meanwhile, as a file that is being
 * written does, unless it is excused. Returns what takes it back.
 */
export function deadline(ms: number, isExcused: () => boolean, expire: () => void): () => void {
  let timer: NodeJS.Timeout;
  const set = (holds: boolean): void => {
    timer = setTimeout(() => (isExcused() ? set(false) : expire()), ms);
    if (!holds) timer.unref();
  };
  set(true);
  return () => clearTimeout(timer);
}
