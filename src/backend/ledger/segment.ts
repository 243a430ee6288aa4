import { randomBytes } from 'node:crypto';
import type { LedgerKey } from './ledger-key.ts';

/** As many entries as 16 bits can index, with one number reserved for "none". */
export const SEGMENT_ENTRIES = 65_535;

const WORDS = 4;
const FIRST_ENTRIES = 32;
/** An entry takes 28 bytes; with this factor, a growing segment never needs more than 40 per entry. */
const GROWTH = 1.4;
const SLOTS_AN_ENTRY = 2;

/** Random, so that nobody can choose names that all hash to one slot. */
const SEED = randomBytes(4).readUInt32LE();

/**
 * Transactions in the order in which they were applied, found by key: a hash table with open addressing over flat
 * arrays, since a million objects would take several times the memory.
 */
export class LedgerSegment {
  #keys = new Uint32Array(FIRST_ENTRIES * WORDS);
  #txIds = new Float64Array(FIRST_ENTRIES);
  /** At the hash of a key, or the next free slot: the position of its entry plus one. */
  #slots = new Uint16Array(FIRST_ENTRIES * SLOTS_AN_ENTRY);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The position of an entry, counted from the oldest; undefined when it is not here. */
  find(key: LedgerKey, hash: number): number | undefined {
    const slot = this.#slots[this.#slotOf(key, hash)] as number;
    return slot === 0 ? undefined : slot - 1;
  }

  /** The tx-id of the entry at a position. */
  txIdAt(place: number): number {
    return this.#txIds[place] as number;
  }

  /** Adds a transaction, which replaces an older one with the same key; the segment must not be full. */
  add(key: LedgerKey, hash: number, txId: number): void {
    if (this.#size === this.#txIds.length) this.#enlarge();
    this.#keys.set(key, this.#size * WORDS);
    this.#txIds[this.#size] = txId;
    this.#size++;
    this.#slots[this.#slotOf(key, hash)] = this.#size;
  }

  /** The slot of a key, or the one it would get. Half of the slots are free, so there always is one. */
  #slotOf(key: LedgerKey, hash: number): number {
    const slots = this.#slots;
    let at = hash % slots.length;
    for (let slot = slots[at] as number; slot !== 0; slot = slots[at] as number) {
      if (this.#isAt(slot - 1, key)) return at;
      at = at + 1 === slots.length ? 0 : at + 1;
    }
    return at;
  }

  #isAt(place: number, key: LedgerKey): boolean {
    const keys = this.#keys;
    const from = place * WORDS;
    return (
      keys[from] === key[0] &&
      keys[from + 1] === key[1] &&
      keys[from + 2] === key[2] &&
      keys[from + 3] === key[3]
    );
  }

  #keyAt(place: number): LedgerKey {
    const word = (n: number): number => this.#keys[place * WORDS + n] as number;
    return [word(0), word(1), word(2), word(3)];
  }

  #enlarge(): void {
    const entries = Math.min(SEGMENT_ENTRIES, Math.ceil(this.#size * GROWTH));
    const keys = new Uint32Array(entries * WORDS);
    keys.set(this.#keys);
    const txIds = new Float64Array(entries);
    txIds.set(this.#txIds);
    this.#keys = keys;
    this.#txIds = txIds;
    this.#slots = new Uint16Array(entries * SLOTS_AN_ENTRY);
    for (let place = 0; place < this.#size; place++) {
      const key = this.#keyAt(place);
      this.#slots[this.#slotOf(key, hashOf(key))] = place + 1;
    }
  }
}

/** The 32-bit hash at which the search for a key starts. */
export function hashOf(key: LedgerKey): number {
  let hash = SEED;
  for (let n = 0; n < WORDS; n++) {
    hash = Math.imul(hash ^ (key[n] as number), 0x9e37_79b1);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
