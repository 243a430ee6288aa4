import { clearTimeout, setTimeout } from 'node:timers';

/** How long a storage that is not our own may stay silent. */
const LIMIT_MS = 10_000;

/** Waits for calls to something that may never answer, for as long as it answers any of them. */
export class SilenceLimit {
  readonly #silent: (seconds: number) => Error;
  readonly #waiting: Set<(error: Error) => void> = new Set();
  #timer: NodeJS.Timeout | undefined;
  #isExhausted = false;

  /** `silent` creates the error that calls reject with. */
  constructor(silent: (seconds: number) => Error) {
    this.#silent = silent;
  }

  /** The outcome of `answer`. Rejects after 10 seconds without any sign of life, after calling `giveUp`. */
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

  /**
   * The same for an answer that nothing depends on: does not wait if there has been no sign of life since a call was
   * rejected.
   */
  async untilSilent(answer: Promise<unknown>): Promise<void> {
    if (!this.#isExhausted) await this.of(answer).catch(() => {});
  }

  /** Records a sign of life. */
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
