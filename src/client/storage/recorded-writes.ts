/**
 * Whether the storage has acknowledged the record of a write, or was given it and has not (yet), as after a failure.
 */
type Certainty = 'acknowledged' | 'unsure';

/**
 * Which writes have a record in the storage, as far as its answers tell, and what is in flight to it. The state of a
 * write is undefined when its record is removed.
 */
export class RecordedWrites<State extends object> {
  readonly #records: Map<string, Certainty> = new Map();
  /** The newest state of each write in flight to the storage. */
  readonly #inFlight: Map<string, State | undefined> = new Map();
  #removalsInFlight = 0;

  /** How many removals are in flight. */
  get removalsInFlight(): number {
    return this.#removalsInFlight;
  }

  /** Whether a write has a record, or may have one. */
  has(eventId: string): boolean {
    return this.#records.has(eventId);
  }

  /** Whether a write certainly has a record, in some state. */
  isAcknowledged(eventId: string): boolean {
    return this.#records.get(eventId) === 'acknowledged';
  }

  /** Whether a state of a write is in flight to the storage. */
  isInFlight(eventId: string): boolean {
    return this.#inFlight.get(eventId) !== undefined;
  }

  /** Notes a record that was found in the storage. */
  found(eventId: string): void {
    if (!this.has(eventId)) this.#records.set(eventId, 'acknowledged');
  }

  /**
   * Notes what the storage is given. Returns the writes that had no record until now: even if this fails, they may have
   * one from now on.
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
   * Notes that the storage has answered for these, and returns those that it was not given again meanwhile: for the
   * others, a later answer decides.
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

  /** Notes that these have no record after all, except for those that the storage was given again meanwhile. */
  absent(eventIds: readonly string[]): void {
    for (const eventId of eventIds) if (!this.isInFlight(eventId)) this.#records.delete(eventId);
  }
}
