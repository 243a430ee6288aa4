import type { Attr, Triple } from '../../protocol/attr.ts';
import { canonicalJson, type JsonValue } from '../../protocol/json.ts';
import type { AttrCatalog } from './attr-catalog.ts';
import { addTo, type Bucket, findIn, removeFrom, triplesOf } from './bucket.ts';
import { EntityOrders } from './entity-orders.ts';
import type { EntityOrder, OrderSpec, Reader } from './reader.ts';
import type { Change, UndoLog } from './undo-log.ts';
import { upsert } from './upsert.ts';

const NONE: readonly Triple[] = [];

/** Prefix of keys that are not simply the string value itself. */
const MARK = '\u0000';

/** A key that is equal for exactly those values that are equal: a string itself, unless it starts with the mark. */
function valueKey(v: JsonValue): string {
  return typeof v === 'string' && !v.startsWith(MARK) ? v : MARK + canonicalJson(v);
}

const byValue = (triple: Triple): string => valueKey(triple[2]);
const byEntity = (triple: Triple): string => triple[0];

/** The triples of one attribute, by entity. */
interface OfAttr {
  readonly entities: Map<string, Bucket>;
  size: number;
}

/**
 * The triples of one app, in memory, with an index for each way in which they are read:
 *
 * - attribute, then entity: scans of a namespace, the values of an entity;
 * - attribute, then value: reverse links, unique and indexed lookups;
 * - orders, created on demand: pages and ranges.
 *
 * Triples are immutable: a replacement is a new array, so a result that holds a triple does not change.
 */
export class TripleStore implements Reader {
  readonly #catalog: AttrCatalog;
  readonly #undoLog: UndoLog;
  readonly #byAttr = new Map<string, OfAttr>();
  readonly #byValue = new Map<string, Map<string, Bucket>>();
  readonly #orders = new EntityOrders(this);

  constructor(catalog: AttrCatalog, undoLog: UndoLog) {
    this.#catalog = catalog;
    this.#undoLog = undoLog;
  }

  entityAttr(e: string, a: string): readonly Triple[] {
    const slot = this.#slot(e, a);
    return slot ? triplesOf(slot) : NONE;
  }

  *attr(a: string): Iterable<Triple> {
    for (const slot of this.#byAttr.get(a)?.entities.values() ?? []) yield* triplesOf(slot);
  }

  attrSize(a: string): number {
    return this.#byAttr.get(a)?.size ?? 0;
  }

  attrValue(a: string, v: JsonValue): readonly Triple[] {
    const key = valueKey(v);
    const index = this.#byValue.get(a);
    if (!index && !this.#isValueIndexed(a)) {
      return [...this.attr(a)].filter((triple) => byValue(triple) === key);
    }
    const holders = index?.get(key);
    return holders ? triplesOf(holders) : NONE;
  }

  order(spec: OrderSpec): EntityOrder {
    return this.#orders.get(spec);
  }

  /** The attributes for which entity `e` has a triple. Checks every attribute, so use it only for rare operations. */
  attrsOf(e: string): readonly string[] {
    return [...this.#byAttr].flatMap(([a, { entities }]) => (entities.has(e) ? [a] : []));
  }

  /** Whether entity `e` has any triple of an attribute of `etype`. */
  exists(e: string, etype: string): boolean {
    for (const attr of this.#catalog.ofEtype(etype)) if (this.#slot(e, attr.id)) return true;
    return false;
  }

  /** Whether exactly this triple is stored. */
  has(e: string, a: string, v: JsonValue): boolean {
    return this.find(e, a, v) !== undefined;
  }

  /** The stored triple with this value. */
  find(e: string, a: string, v: JsonValue): Triple | undefined {
    const slot = this.#slot(e, a);
    return slot && findIn(slot, valueKey(v), byValue);
  }

  /**
   * Stores a value. With cardinality one it replaces the previous value and keeps its time; a value that is already
   * stored is left alone. Returns whether anything changed.
   */
  add(attr: Attr, e: string, v: JsonValue, now: number): boolean {
    const slot = this.#slot(e, attr.id);
    if (slot && findIn(slot, valueKey(v), byValue)) return false;
    const before = slot && attr.cardinality === 'one' ? triplesOf(slot)[0] : undefined;
    if (before) this.remove(before);
    const triple: Triple = [e, attr.id, v, before?.[3] ?? now];
    this.#insert(triple);
    this.#undoLog.record({ kind: 'add', triple }, this.#undo);
    return true;
  }

  /** Stores a triple with its own time, from a snapshot or a data set; one that is already stored takes precedence. */
  load(triple: Triple): void {
    if (this.has(triple[0], triple[1], triple[2])) return;
    this.#insert(triple);
    this.#undoLog.record({ kind: 'add', triple }, this.#undo);
  }

  /** Removes a stored triple. */
  remove(triple: Triple): void {
    this.#delete(triple);
    this.#undoLog.record({ kind: 'remove', triple }, this.#undo);
  }

  /** Rebuilds or drops the value index of an attribute whose definition changed. */
  reindex(attr: Attr): void {
    const before = this.#byValue.get(attr.id);
    this.#undoLog.onRollback(() => {
      if (before) this.#byValue.set(attr.id, before);
      else this.#byValue.delete(attr.id);
    });
    this.#byValue.delete(attr.id);
    this.#orders.forget(attr.id);
    if (!this.#isValueIndexed(attr.id)) return;
    for (const triple of this.attr(attr.id)) this.#indexValue(triple);
  }

  /** Reverts a change of a triple. All changes share this one function, since a transaction may make very many. */
  readonly #undo = (change: Change): void => {
    if (change.kind === 'add') this.#delete(change.triple);
    else if (change.kind === 'remove') this.#insert(change.triple);
  };

  #slot(e: string, a: string): Bucket | undefined {
    return this.#byAttr.get(a)?.entities.get(e);
  }

  #isValueIndexed(a: string): boolean {
    const attr = this.#catalog.byId(a);
    return attr !== undefined && (attr['value-type'] === 'ref' || attr['index?'] || attr['unique?']) === true;
  }

  #insert(triple: Triple): void {
    const [e, a] = triple;
    const ofAttr = upsert(this.#byAttr, a, (): OfAttr => ({ entities: new Map(), size: 0 }));
    ofAttr.entities.set(e, addTo(ofAttr.entities.get(e), triple, byValue));
    ofAttr.size++;
    if (this.#isValueIndexed(a)) this.#indexValue(triple);
    this.#orders.update(e, a);
  }

  #delete(triple: Triple): void {
    const [e, a] = triple;
    const ofAttr = this.#byAttr.get(a);
    if (!ofAttr || !takeOut(ofAttr.entities, e, byValue(triple), byValue)) return;
    ofAttr.size--;
    const index = this.#byValue.get(a);
    if (index) takeOut(index, byValue(triple), e, byEntity);
    this.#orders.update(e, a);
  }

  #indexValue(triple: Triple): void {
    const index = upsert(this.#byValue, triple[1], () => new Map<string, Bucket>());
    const key = byValue(triple);
    index.set(key, addTo(index.get(key), triple, byEntity));
  }
}

/** Removes the triple with `key` from the bucket at `place`; returns whether it was there. */
function takeOut(
  index: Map<string, Bucket>,
  place: string,
  key: string,
  keyOf: (triple: Triple) => string,
): boolean {
  const bucket = index.get(place);
  if (!bucket || !findIn(bucket, key, keyOf)) return false;
  const left = removeFrom(bucket, key, keyOf);
  if (left) index.set(place, left);
  else index.delete(place);
  return true;
}
