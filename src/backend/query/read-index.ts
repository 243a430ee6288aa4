import { canonicalJson } from '../../protocol/json.ts';
import type { ReadSet } from '../store/reader.ts';
import type { Change } from '../store/undo-log.ts';
import { upsert } from '../store/upsert.ts';

/** Keys by attribute, and then by entity or value. */
type Postings<K> = Map<string, Map<string, Set<K>>>;

/**
 * An inverted index of what live queries have read: it maps a change to the queries it may affect. A lookup costs as
 * much as the changes and the matches, however many queries the index holds.
 *
 * Changes to attributes are ignored: they affect every query.
 */
export class ReadIndex<K> {
  readonly #reads = new Map<K, ReadSet>();
  readonly #whole = new Map<string, Set<K>>();
  readonly #byEntity: Postings<K> = new Map();
  readonly #byValue: Postings<K> = new Map();

  /** How many queries the index holds. */
  get size(): number {
    return this.#reads.size;
  }

  /** Records what the query `key` has read, in place of earlier reads. The index keeps `reads`: do not modify it. */
  add(key: K, reads: ReadSet): void {
    this.remove(key);
    this.#reads.set(key, reads);
    for (const a of reads.attrs) addTo(this.#whole, a, key);
    post(this.#byEntity, reads.entityAttrs, key);
    post(this.#byValue, reads.attrValues, key);
  }

  /** Removes a query. */
  remove(key: K): void {
    const reads = this.#reads.get(key);
    if (!reads) return;
    this.#reads.delete(key);
    for (const a of reads.attrs) removeFrom(this.#whole, a, key);
    unpost(this.#byEntity, reads.entityAttrs, key);
    unpost(this.#byValue, reads.attrValues, key);
  }

  /** The queries whose answer may be altered by one of the changes. */
  affected(changes: readonly Change[]): Set<K> {
    const keys = new Set<K>();
    const wholeSeen = new Set<string>();
    for (const change of changes) {
      if (change.kind === 'attr') continue;
      const [e, a, v] = change.triple;
      if (!wholeSeen.has(a)) {
        wholeSeen.add(a);
        for (const key of this.#whole.get(a) ?? []) keys.add(key);
      }
      for (const key of this.#byEntity.get(a)?.get(e) ?? []) keys.add(key);
      const values = this.#byValue.get(a);
      if (values) for (const key of values.get(canonicalJson(v)) ?? []) keys.add(key);
    }
    return keys;
  }
}

function addTo<K>(map: Map<string, Set<K>>, at: string, key: K): void {
  upsert(map, at, () => new Set()).add(key);
}

function removeFrom<K>(map: Map<string, Set<K>>, at: string, key: K): void {
  const keys = map.get(at);
  keys?.delete(key);
  if (keys?.size === 0) map.delete(at);
}

function post<K>(postings: Postings<K>, reads: ReadonlyMap<string, ReadonlySet<string>>, key: K): void {
  for (const [a, places] of reads) {
    const below = upsert(postings, a, () => new Map());
    for (const place of places) addTo(below, place, key);
  }
}

function unpost<K>(postings: Postings<K>, reads: ReadonlyMap<string, ReadonlySet<string>>, key: K): void {
  for (const [a, places] of reads) {
    const below = postings.get(a);
    if (!below) continue;
    for (const place of places) removeFrom(below, place, key);
    if (below.size === 0) postings.delete(a);
  }
}
