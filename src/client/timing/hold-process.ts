import { clearInterval, setInterval } from 'node:timers';

/** The longest that a timer takes. */
const LONGEST_MS = 2 ** 31 - 1;

/** The result of `work`, until which the process is kept running: what it waits for may not do that. */
export async function holdProcess<T>(work: Promise<T>): Promise<T> {
  const hold = setInterval(() => {}, LONGEST_MS);
  try {
    return await work;
  } finally {
    clearInterval(hold);
  }
}
