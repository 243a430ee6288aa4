/** The events of one session that wait for their turn, and all that came after them. */
export class Deferred<Event> {
  readonly #answer: (event: Event) => void;
  readonly #waiting: { readonly event: Event; readonly isTurn: (() => boolean) | undefined }[] = [];
  #bytes = 0;

  constructor(answer: (event: Event) => void) {
    this.#answer = answer;
  }

  /** How much waits, as far as it was said. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Answers an event when all before it are answered and `isTurn` holds; without one it waits for nothing else. */
  take(event: Event, isTurn: (() => boolean) | undefined, bytes: number): void {
    if (this.#waiting.length === 0 && isTurn === undefined) {
      this.#answer(event);
      return;
    }
    this.#waiting.push({ event, isTurn });
    this.#bytes += bytes;
  }

  /** Answers those whose turn it is by now, in order. */
  goOn(): void {
    let done = 0;
    for (const { event, isTurn } of this.#waiting) {
      if (isTurn?.() === false) break;
      done++;
      this.#answer(event);
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
