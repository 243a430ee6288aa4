import type { Message } from './raw-session.ts';

/** Far more than any answer takes, however busy the machine: only what never comes exceeds it. */
const WAIT_MS = 120_000;

/** The messages received over a connection, in order, and who is waiting for more. For tests. */
export class Heard {
  readonly all: Message[] = [];
  readonly #waiting = new Set<() => void>();

  /** Adds a message; bound, so that it can be passed as a callback. */
  readonly put = (text: string): void => {
    this.all.push(JSON.parse(text));
    for (const look of [...this.#waiting]) look();
  };

  /** Resolves with what `find` finds, now or after a message to come. */
  wait<Found>(find: () => Found | undefined): Promise<Found> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        stop();
        resolve(found);
      };
      const timer = setTimeout(() => {
        stop();
        const last = JSON.stringify(this.all.slice(-3)).slice(0, 500);
        reject(new Error(`Not heard in ${WAIT_MS / 1_000} s; last: ${last}`));
      }, WAIT_MS);
      this.#waiting.add(look);
      look();
    });
  }
}
