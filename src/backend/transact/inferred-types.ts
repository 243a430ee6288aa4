import type { InferredType } from '../../protocol/attr.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';

const ORDER: readonly InferredType[] = ['number', 'string', 'boolean', 'json'];

/** The kinds of values that were written, by attribute. What an attribute has been seen to hold is never forgotten. */
export class InferredTypes {
  readonly #seen = new Map<string, Set<InferredType>>();

  /** Notes a value as a step gives it; null says nothing. */
  see(a: string, v: JsonValue): void {
    if (v === null) return;
    const types = this.#seen.get(a);
    if (types) types.add(inferredType(v));
    else this.#seen.set(a, new Set([inferredType(v)]));
  }

  /** Adds what was seen to the attributes. System attributes are the same in every app and learn nothing. */
  save(catalog: AttrCatalog): void {
    for (const [a, seen] of this.#seen) {
      const attr = catalog.byId(a);
      const known = attr?.['inferred-types'] ?? [];
      if (!attr || attr.catalog === 'system' || [...seen].every((type) => known.includes(type))) continue;
      const types = ORDER.filter((type) => seen.has(type) || known.includes(type));
      catalog.put({ ...attr, 'inferred-types': types });
    }
  }
}

function inferredType(v: JsonValue): InferredType {
  if (typeof v === 'string') return 'string';
  if (typeof v === 'number') return 'number';
  return typeof v === 'boolean' ? 'boolean' : 'json';
}
