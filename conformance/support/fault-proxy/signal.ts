/** Lets others wait until something is so. */
export class Signal {
  readonly #waiting: Set<() => void> = new Set();

  /** Something has changed. */
  notify(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** Resolves once `test` says yes: at once, or after a change. */
  until(test: () => boolean): Promise<void> {
    if (test()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = (): void => {
        if (!test()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }
}
