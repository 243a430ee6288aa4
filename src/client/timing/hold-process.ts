import { clearInterval, setInterval } from 'node:timers';

/** The longest delay that a timer accepts. */
const LONGEST_MS = 2 ** 31 - 1;

/** Keeps the process running until `work` settles, since what that waits for may not. Returns its result. */
export async function holdProcess<T>(work: Promise<T>): Promise<T> {
  const hold = setInterval(() => {}, LONGEST_MS);
  try {
    return await work;
  } finally {
    clearInterval(hold);
  }
}
