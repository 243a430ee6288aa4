import type { Mutation } from '../transactions/transactions.ts';
import { type FindAttr, reachOf } from './write-reach.ts';

/** What stuck writes reach, and those that stay behind them, as far as the writes were gone through in order. */
export class BehindStuck {
  readonly #attr: FindAttr;
  /** By key, the stuck write that it leads to. */
  readonly #held: Map<string, string> = new Map();

  constructor(attr: FindAttr) {
    this.#attr = attr;
  }

  /** The stuck write that a write has to stay behind; undefined if there is none. */
  of(mutation: Mutation): string | undefined {
    if (this.#held.size === 0) return undefined;
    const { claims, uses } = reachOf(mutation, this.#attr);
    for (const keys of [claims, uses]) {
      for (const key of keys) {
        const stuck = this.#held.get(key);
        if (stuck !== undefined) return stuck;
      }
    }
    return undefined;
  }

  /** Notes a write that stays behind `stuck`, or is that. */
  add(mutation: Mutation, stuck: string): void {
    for (const key of reachOf(mutation, this.#attr).claims) {
      if (!this.#held.has(key)) this.#held.set(key, stuck);
    }
  }

  /** Begins anew. */
  clear(): void {
    this.#held.clear();
  }
}
