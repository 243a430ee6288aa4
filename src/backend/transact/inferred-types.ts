import type { InferredType } from '../../protocol/attr.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';

const ORDER: readonly InferredType[] = ['number', 'string', 'boolean', 'json'];

/** Collects the types of written values, by attribute. A type once seen for an attribute is never removed. */
export class InferredTypes {
  readonly #seen = new Map<string, Set<InferredType>>();

  /** Records a value of a step; null has no type. */
  see(a: string, v: JsonValue): void {
    if (v === null) return;
    const types = this.#seen.get(a);
    if (types) types.add(inferredType(v));
    else this.#seen.set(a, new Set([inferredType(v)]));
  }

  /** Adds the collected types to the attributes. System attributes are the same in every app and never change. */
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
