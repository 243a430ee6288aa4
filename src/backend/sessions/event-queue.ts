/** The events of one session that wait for their turn, and all that came after them. */
export class EventQueue {
  readonly #waiting: { readonly answer: () => void; readonly isTurn: (() => boolean) | undefined }[] = [];
  #bytes = 0;

  /** How much waits, as far as it was said. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Has an event of so many bytes answered when all before it are and `isTurn` holds; without one it waits for nothing
   * else.
   */
  take(answer: () => void, isTurn: (() => boolean) | undefined, bytes: number): void {
    if (this.#waiting.length === 0 && isTurn === undefined) {
      answer();
      return;
    }
    this.#waiting.push({ answer, isTurn });
    this.#bytes += bytes;
  }

  /** Answers those whose turn it is by now, in order. */
  goOn(): void {
    let done = 0;
    for (const { answer, isTurn } of this.#waiting) {
      if (isTurn?.() === false) break;
      done++;
      answer();
    }
    this.#waiting.splice(0, done);
    if (this.#waiting.length === 0) this.#bytes = 0;
  }

  /** Forgets them all. */
  clear(): void {
    this.#waiting.length = 0;
    this.#bytes = 0;
  }
}
