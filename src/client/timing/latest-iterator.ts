/**
 * An async iterator over a source that may be faster than its reader: an unread value is replaced by the next one, so
 * that nothing piles up and the reader always gets the newest.
 */
export class LatestIterator<T> implements AsyncIterableIterator<T, undefined, undefined> {
  #value: { value: T } | undefined;
  #end: { error?: unknown } | undefined;
  #waiting: ((result: Promise<IteratorResult<T, undefined>>) => void)[] = [];
  #release: () => void;

  /** `start` gets the functions that feed the iterator, and returns one that stops the source. */
  constructor(start: (push: (value: T) => void, end: (error?: unknown) => void) => () => void) {
    this.#release = () => {};
    const release = start(
      (value) => this.#push(value),
      (error) => this.#finish(error === undefined ? {} : { error }),
    );
    if (this.#end) release();
    else this.#release = release;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#value) {
      const { value } = this.#value;
      this.#value = undefined;
      return Promise.resolve({ done: false, value });
    }
    if (this.#end) return this.#ended();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#value = undefined;
    this.#finish({});
    return Promise.resolve({ done: true, value: undefined });
  }

  #push(value: T): void {
    if (this.#end) return;
    const waiting = this.#waiting.shift();
    if (waiting) waiting(Promise.resolve({ done: false, value }));
    else this.#value = { value };
  }

  #finish(end: { error?: unknown }): void {
    if (this.#end) return;
    this.#end = end;
    this.#release();
    for (const waiting of this.#waiting.splice(0)) waiting(this.#ended());
  }

  /** An error is thrown once; after it, as after any end, the iterator is done. */
  #ended(): Promise<IteratorResult<T, undefined>> {
    const end = this.#end;
    this.#end = {};
    if (end && 'error' in end) return Promise.reject(end.error);
    return Promise.resolve({ done: true, value: undefined });
  }
}
