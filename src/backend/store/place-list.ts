import { type ComparePlaces, comparePlaces, type Place } from './value-order.ts';

/** Places are stored in chunks of this size, so that an insertion does not move everything after it. */
const CHUNK = 512;

/** A sorted list of places, read by position. */
export class PlaceList {
  readonly #compare: ComparePlaces;
  #chunks: Place[][];
  #size: number;

  constructor(places: readonly Place[] = [], compare: ComparePlaces = comparePlaces) {
    this.#compare = compare;
    const sorted = [...places].sort(compare);
    this.#size = sorted.length;
    this.#chunks = [];
    for (let i = 0; i < sorted.length; i += CHUNK) this.#chunks.push(sorted.slice(i, i + CHUNK));
  }

  get size(): number {
    return this.#size;
  }

  /** How many places come before `place`; with `through`, including the place itself. */
  rank(place: Place, through = false): number {
    const at = this.#chunkOf(place);
    let before = 0;
    for (let i = 0; i < at; i++) before += this.#chunks[i]?.length ?? 0;
    return before + this.#lowerIndex(this.#chunks[at] ?? [], place, !through);
  }

  /** The places from position `from` up to but excluding `to`. */
  slice(from: number, to: number): Place[] {
    const found: Place[] = [];
    let start = 0;
    for (const chunk of this.#chunks) {
      if (start >= to) break;
      if (start + chunk.length > from) found.push(...chunk.slice(Math.max(0, from - start), to - start));
      start += chunk.length;
    }
    return found;
  }

  insert(place: Place): void {
    const at = Math.min(this.#chunkOf(place), Math.max(0, this.#chunks.length - 1));
    const chunk = this.#chunks[at];
    this.#size++;
    if (!chunk) {
      this.#chunks.push([place]);
      return;
    }
    chunk.splice(this.#lowerIndex(chunk, place, true), 0, place);
    if (chunk.length > 2 * CHUNK) this.#chunks.splice(at, 1, chunk.slice(0, CHUNK), chunk.slice(CHUNK));
  }

  delete(place: Place): void {
    const at = this.#chunkOf(place);
    const chunk = this.#chunks[at];
    const index = chunk ? this.#lowerIndex(chunk, place, true) : -1;
    const found = chunk?.[index];
    if (!chunk || !found || this.#compare(found, place) !== 0) return;
    chunk.splice(index, 1);
    this.#size--;
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  /** The first chunk whose last place is not before `place`; the number of chunks when there is none. */
  #chunkOf(place: Place): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const last = this.#chunks[middle]?.at(-1);
      if (last && this.#compare(last, place) >= 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The first index in a chunk that is at `place` (only with `orAt`) or after it. */
  #lowerIndex(places: readonly Place[], place: Place, orAt: boolean): number {
    let low = 0;
    let high = places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const order = this.#compare(places[middle] as Place, place);
      if (order > 0 || (orAt && order === 0)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
