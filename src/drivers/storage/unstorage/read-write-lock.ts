/**
 * Makes calls take turns: writes one after the other, in the order in which they were called, and reads side by side,
 * each after the writes called before it and before the writes called after it.
 */
export class ReadWriteLock {
  #lastWrite: Promise<unknown> = Promise.resolve();
  readonly #reads = new Set<Promise<unknown>>();

  /** Runs `work` when everything called before has ended. */
  write<T>(work: () => Promise<T>): Promise<T> {
    const result = Promise.allSettled([this.#lastWrite, ...this.#reads]).then(work);
    this.#lastWrite = result.catch(() => {});
    return result;
  }

  /** Runs `work` when the writes called before have ended. */
  read<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#lastWrite.then(work);
    const ended: Promise<unknown> = result.catch(() => {}).then(() => this.#reads.delete(ended));
    this.#reads.add(ended);
    return result;
  }

  /** Resolves when everything called before has ended. */
  async idle(): Promise<void> {
    await this.write(async () => {});
  }
}
