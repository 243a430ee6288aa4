import { clearTimeout, setTimeout } from 'node:timers';

/** How long a storage of somebody else's may say nothing. */
const LIMIT_MS = 10_000;

/** Waits for calls of something that may never answer, as long as it answers any. */
export class SilenceLimit {
  readonly #silent: (seconds: number) => Error;
  readonly #waiting: Set<(error: Error) => void> = new Set();
  #timer: NodeJS.Timeout | undefined;
  #isExhausted = false;

  /** `silent` makes the error that calls reject with. */
  constructor(silent: (seconds: number) => Error) {
    this.#silent = silent;
  }

  /** What `answer` gives. Rejects after 10 seconds without any sign of life, having called `giveUp`. */
  of<T>(answer: Promise<T>, giveUp: () => void = () => {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (error: Error): void => {
        giveUp();
        reject(error);
      };
      this.#waiting.add(end);
      this.#timer ??= setTimeout(() => this.#end(), LIMIT_MS);
      const settled = (): void => {
        this.#waiting.delete(end);
        if (this.#waiting.size === 0) this.#stop();
      };
      answer.finally(settled).then(resolve, reject);
    });
  }

  /** The same for what nobody depends on: waits no longer when nothing has been heard since a call rejected. */
  async untilSilent(answer: Promise<unknown>): Promise<void> {
    if (!this.#isExhausted) await this.of(answer).catch(() => {});
  }

  /** There was a sign of life. */
  heard(): void {
    this.#isExhausted = false;
    this.#timer?.refresh();
  }

  #end(): void {
    this.#stop();
    this.#isExhausted = true;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const end of waiting) end(this.#silent(LIMIT_MS / 1_000));
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
