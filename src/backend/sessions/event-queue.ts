/** The events of one session that have to wait, and all that arrived after them. */
export class EventQueue {
  readonly #waiting: { readonly answer: () => void; readonly isTurn: (() => boolean) | undefined }[] = [];
  #bytes = 0;

  /** How many bytes are waiting, as far as known. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Answers an event of this many bytes once all earlier ones are answered and `isTurn` holds; without `isTurn`, it
   * only waits for the earlier ones.
   */
  take(answer: () => void, isTurn: (() => boolean) | undefined, bytes: number): void {
    if (this.#waiting.length === 0 && isTurn === undefined) {
      answer();
      return;
    }
    this.#waiting.push({ answer, isTurn });
    this.#bytes += bytes;
  }

  /** Answers the events whose turn has come, in order. */
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

  /** Discards all events. */
  clear(): void {
    this.#waiting.length = 0;
    this.#bytes = 0;
  }
}
