/** What arrives over time, to be awaited one by one. */
export class Arrivals<Value> {
  readonly #values: Value[] = [];
  readonly #waiting: Array<(value: Value) => void> = [];

  readonly push = (value: Value): void => {
    const resolve = this.#waiting.shift();
    if (resolve) resolve(value);
    else this.#values.push(value);
  };

  /** The first value that was not taken yet. */
  next(): Promise<Value> {
    const value = this.#values.shift();
    if (value !== undefined) return Promise.resolve(value);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Takes values until one fits. */
  async until(fits: (value: Value) => boolean): Promise<Value> {
    for (;;) {
      const value = await this.next();
      if (fits(value)) return value;
    }
  }
}
