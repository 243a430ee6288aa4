/** What to take the network for, given yes and no: changes only after so many answers in a row that contradict it. */
export class SteadyState {
  readonly #threshold: number;
  #isOnline: boolean | undefined;
  #wasOnline = false;
  /** How many answers in a row contradict it so far. */
  #contradictions = 0;

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  /** Undefined until there is a first answer. */
  get isOnline(): boolean | undefined {
    return this.#isOnline;
  }

  /** Takes an answer; returns whether it changes what the network is taken for. */
  take(answer: boolean): boolean {
    if (answer === this.#isOnline) {
      this.#contradictions = 0;
      return false;
    }
    this.#contradictions++;
    if (this.#contradictions < this.#needed(answer)) return false;
    this.#contradictions = 0;
    this.#isOnline = answer;
    if (answer) this.#wasOnline = true;
    return true;
  }

  /**
   * The first answer counts at once. So does the first yes, or a program that starts a moment before its server would
   * be kept waiting; this happens once, so nothing flaps by it.
   */
  #needed(answer: boolean): number {
    const isFirst = this.#isOnline === undefined || (answer && !this.#wasOnline);
    return isFirst ? 1 : this.#threshold;
  }
}
