import type { CheckedDataType } from '../../protocol/attr.ts';
import { PlaceList } from './place-list.ts';
import type { EntityOrder, OrderSpec, Reader } from './reader.ts';
import { upsert } from './upsert.ts';
import {
  type ComparePlaces,
  compareByUnit,
  comparePlaces,
  type Place,
  type SortKey,
  sortKey,
} from './value-order.ts';

type TripleSource = Pick<Reader, 'attr' | 'entityAttr'>;

/** An order that is updated as entities change. */
class KeptOrder implements EntityOrder {
  readonly #keyOf: (e: string) => SortKey | undefined;
  readonly #keys = new Map<string, SortKey>();
  readonly #places: PlaceList;

  constructor(entities: Iterable<string>, keyOf: (e: string) => SortKey | undefined, compare: ComparePlaces) {
    this.#keyOf = keyOf;
    for (const e of entities) {
      const key = keyOf(e);
      if (key !== undefined) this.#keys.set(e, key);
    }
    this.#places = new PlaceList(
      Array.from(this.#keys, ([e, key]) => ({ e, key })),
      compare,
    );
  }

  get size(): number {
    return this.#places.size;
  }

  rank(place: Place, through?: boolean): number {
    return this.#places.rank(place, through);
  }

  slice(from: number, to: number): Place[] {
    return this.#places.slice(from, to);
  }

  /** Moves an entity to its current place. */
  update(e: string): void {
    const before = this.#keys.get(e);
    const key = this.#keyOf(e);
    if (before === key) return;
    if (before !== undefined) this.#places.delete({ e, key: before });
    if (key === undefined) {
      this.#keys.delete(e);
    } else {
      this.#keys.set(e, key);
      this.#places.insert({ e, key });
    }
  }
}

function keyReader(triples: TripleSource, spec: OrderSpec): (e: string) => SortKey | undefined {
  const value = (
    e: string,
    a: string,
    type: CheckedDataType | undefined,
    missing: null | undefined,
  ): SortKey | undefined => {
    const [triple] = triples.entityAttr(e, a);
    return triple ? sortKey(triple[2], type) : missing;
  };
  switch (spec.kind) {
    case 'created':
      return (e) => triples.entityAttr(e, spec.idAttr)[0]?.[3];
    case 'value':
      return (e) => value(e, spec.attr, spec.type, undefined);
    case 'namespace':
      return (e) =>
        triples.entityAttr(e, spec.idAttr).length > 0 ? value(e, spec.attr, spec.type, null) : undefined;
  }
}

/** The attributes that decide which entities are in an order, and where; all of them have a triple of the first. */
function watchedAttrs(spec: OrderSpec): [string, ...string[]] {
  if (spec.kind === 'created') return [spec.idAttr];
  return spec.kind === 'value' ? [spec.attr] : [spec.idAttr, spec.attr];
}

/** The orders of one store. Each is created on first use, and maintained from then on. */
export class EntityOrders {
  readonly #triples: TripleSource;
  readonly #orders = new Map<string, KeptOrder>();
  readonly #watching = new Map<string, Map<string, KeptOrder>>();

  constructor(triples: TripleSource) {
    this.#triples = triples;
  }

  get(spec: OrderSpec): EntityOrder {
    return upsert(this.#orders, JSON.stringify(spec), () => this.#make(spec));
  }

  /** Call this after a triple was added or removed. */
  update(e: string, a: string): void {
    const orders = this.#watching.get(a);
    if (orders) for (const order of orders.values()) order.update(e);
  }

  /** Drops the orders of an attribute whose definition changed; they are recreated on demand. */
  forget(a: string): void {
    for (const key of this.#watching.get(a)?.keys() ?? []) this.#orders.delete(key);
    for (const [attr, orders] of this.#watching) {
      for (const key of orders.keys()) if (!this.#orders.has(key)) orders.delete(key);
      if (orders.size === 0) this.#watching.delete(attr);
    }
  }

  #make(spec: OrderSpec): KeptOrder {
    const attrs = watchedAttrs(spec);
    const entities = new Set<string>();
    for (const [e] of this.#triples.attr(attrs[0])) entities.add(e);
    const compare = spec.kind === 'value' ? compareByUnit : comparePlaces;
    const order = new KeptOrder(entities, keyReader(this.#triples, spec), compare);
    const key = JSON.stringify(spec);
    for (const attr of attrs) upsert(this.#watching, attr, () => new Map()).set(key, order);
    return order;
  }
}
