import type { Index, Triple } from './store.ts';

/** An index being changed: maps are copied before their first change, and the original's stay as they are. */
export class IndexDraft {
  #top: Index;
  readonly #copies: WeakSet<object> = new WeakSet();

  constructor(original: Index) {
    this.#top = original;
  }

  /** The index with the changes so far. */
  get value(): Index {
    return this.#top;
  }

  get(first: unknown): ReadonlyMap<unknown, ReadonlyMap<unknown, Triple>> | undefined {
    return this.#top.get(first);
  }

  /** The triples under a first key. */
  *triples(first: unknown): Generator<Triple> {
    for (const leaf of this.#top.get(first)?.values() ?? []) yield* leaf.values();
  }

  set(first: unknown, second: unknown, third: unknown, triple: Triple): void {
    this.#leaf(first, second).set(third, triple);
  }

  /** As `set`, but replaces everything under the first two keys. */
  setOnly(first: unknown, second: unknown, third: unknown, triple: Triple): void {
    const leaf = new Map([[third, triple]]);
    this.#copies.add(leaf);
    this.#branch(first).set(second, leaf);
  }

  /** Removes everything under the given keys. Emptied maps stay, as in core. */
  delete(first: unknown, ...[second, third]: [second?: unknown, third?: unknown]): void {
    const branch = this.#top.get(first);
    if (!branch) return;
    if (second === undefined) this.#ownTop().delete(first);
    else if (third === undefined) {
      if (branch.has(second)) this.#branch(first).delete(second);
    } else if (branch.get(second)?.has(third)) this.#leaf(first, second).delete(third);
  }

  #ownTop(): Index {
    this.#top = this.#own(this.#top);
    return this.#top;
  }

  #branch(first: unknown): Map<unknown, Map<unknown, Triple>> {
    const top = this.#ownTop();
    const branch = this.#own(top.get(first));
    top.set(first, branch);
    return branch;
  }

  #leaf(first: unknown, second: unknown): Map<unknown, Triple> {
    const branch = this.#branch(first);
    const leaf = this.#own(branch.get(second));
    branch.set(second, leaf);
    return leaf;
  }

  #own<K, V>(map: Map<K, V> | undefined): Map<K, V> {
    if (map && this.#copies.has(map)) return map;
    const copy = new Map(map);
    this.#copies.add(copy);
    return copy;
  }
}
