/** Whether the storage has acknowledged the record of a write, or was given it and has not (yet): after a failure, say. */
type Certainty = 'acknowledged' | 'unsure';

/**
 * Which writes have a record in the storage, as far as its answers tell, and what it was given and has not answered yet.
 * The state of a write is undefined where its record is removed.
 */
export class RecordedWrites<State extends object> {
  readonly #records: Map<string, Certainty> = new Map();
  /** The newest state of each that was given to the storage. */
  readonly #inFlight: Map<string, State | undefined> = new Map();
  #removalsInFlight = 0;

  /** How many removals the storage was given and has not answered. */
  get removalsInFlight(): number {
    return this.#removalsInFlight;
  }

  /** Whether a write has a record, or may have one. */
  has(eventId: string): boolean {
    return this.#records.has(eventId);
  }

  /** Whether a write has a record for certain, in some state. */
  isAcknowledged(eventId: string): boolean {
    return this.#records.get(eventId) === 'acknowledged';
  }

  /** Whether the storage was given a state of a write, and has not answered. */
  isInFlight(eventId: string): boolean {
    return this.#inFlight.get(eventId) !== undefined;
  }

  /** Notes a record that was found in the storage. */
  found(eventId: string): void {
    if (!this.has(eventId)) this.#records.set(eventId, 'acknowledged');
  }

  /**
   * Notes what the storage is given. Returns the writes that had no record until now: even where this fails, they may have
   * one from here on.
   */
  given(states: ReadonlyMap<string, State | undefined>): string[] {
    const added: string[] = [];
    for (const [eventId, state] of states) {
      this.#inFlight.set(eventId, state);
      if (!state) this.#removalsInFlight++;
      if (!state || this.has(eventId)) continue;
      this.#records.set(eventId, 'unsure');
      added.push(eventId);
    }
    return added;
  }

  /**
   * Notes that the storage has answered for these, and returns those that it was not given anew meanwhile: for the others,
   * a later answer decides.
   */
  answered(states: ReadonlyMap<string, State | undefined>): [eventId: string, state: State | undefined][] {
    const last: [string, State | undefined][] = [];
    for (const [eventId, state] of states) {
      if (!state) this.#removalsInFlight--;
      if (this.#inFlight.get(eventId) === state && this.#inFlight.delete(eventId))
        last.push([eventId, state]);
    }
    return last;
  }

  /** Notes that the storage has done what it was given: a record has this state, or none is left. */
  acknowledged(eventId: string, state: State | undefined): void {
    if (state) this.#records.set(eventId, 'acknowledged');
    else this.#records.delete(eventId);
  }

  /** Notes that these have no record after all, but for those that the storage was given anew meanwhile. */
  absent(eventIds: readonly string[]): void {
    for (const eventId of eventIds) if (!this.isInFlight(eventId)) this.#records.delete(eventId);
  }
}
