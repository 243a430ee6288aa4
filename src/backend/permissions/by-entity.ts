import { canonicalJson } from '../../protocol/json.ts';
import { upsert } from '../store/upsert.ts';
import { type EntityRef, isLookup } from '../transact/index.ts';

/** Identifies an entity, or the lookup of one that does not exist yet. */
export function entityKey(e: EntityRef): string {
  return isLookup(e) ? canonicalJson(e) : e;
}

/** A value for each entity in each of its namespaces. */
export class ByEntity<T> {
  readonly #byEtype = new Map<string, Map<string, T>>();

  has(e: EntityRef, etype: string): boolean {
    return this.#byEtype.get(etype)?.has(entityKey(e)) ?? false;
  }

  get(e: EntityRef, etype: string): T | undefined {
    return this.#byEtype.get(etype)?.get(entityKey(e));
  }

  set(e: EntityRef, etype: string, value: T): void {
    upsert(this.#byEtype, etype, () => new Map<string, T>()).set(entityKey(e), value);
  }
}
