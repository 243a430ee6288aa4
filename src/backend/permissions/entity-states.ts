import { etypeOf, labelOf } from '../../protocol/attr.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import type { AppData } from '../store/app-data.ts';
import {
  deepMerge,
  type EntityRef,
  findByLookup,
  isLookup,
  type Lookup,
  looksLikeLookup,
  type Plan,
  type TxStep,
} from '../transact/index.ts';
import { ByEntity } from './by-entity.ts';

/** The values of an entity by label; undefined for one that is not there. */
export type State = Readonly<JsonObject> | undefined;

/**
 * The entities that the steps of a transaction are about: as they are stored before it, and, near enough, as they will
 * be after it.
 */
export class EntityStates {
  readonly #data: AppData;
  readonly #plan: Plan;
  readonly #resolved = new Map<string, EntityRef>();
  readonly #before = new ByEntity<State>();
  readonly #after = new ByEntity<JsonObject>();

  constructor(data: AppData, plan: Plan) {
    this.#data = data;
    this.#plan = plan;
  }

  /** The entity that a lookup names, or the lookup itself. */
  resolve(e: EntityRef): EntityRef {
    if (!isLookup(e)) return e;
    const key = canonicalJson(e);
    const known = this.#resolved.get(key);
    if (known !== undefined) return known;
    const found = findByLookup(this.#data, e) ?? e;
    this.#resolved.set(key, found);
    return found;
  }

  /** What is stored before the transaction. To be asked for before anything is written. */
  before(e: EntityRef, etype: string): State {
    if (this.#before.has(e, etype)) return this.#before.get(e, etype);
    const state = isLookup(e) ? undefined : this.#load(e, etype);
    this.#before.set(e, etype, state);
    return state;
  }

  /** What the transaction makes of it. */
  after(e: EntityRef, etype: string): State {
    return this.#after.get(e, etype) ?? this.before(e, etype);
  }

  /** Takes a step into account. */
  apply(step: TxStep): void {
    if (step.op !== 'add-triple' && step.op !== 'deep-merge-triple' && step.op !== 'retract-triple') return;
    const attr = this.#plan.attr(step.a);
    if (!attr) return;
    const e = this.resolve(step.e);
    const reverse = attr['reverse-identity'];
    // Who is linked is asked about when all is written, too, and has to be known as it was.
    if (reverse) this.before(looksLikeLookup(step.v) ? this.resolve(step.v) : String(step.v), reverse[1]);
    // Nothing comes into being by taking something away.
    if (step.op === 'retract-triple' && !this.after(e, etypeOf(attr))) return;
    const state = this.#changed(e, etypeOf(attr));
    if (isLookup(e) && step.op !== 'retract-triple') this.#applyLookup(state, e);
    const label = labelOf(attr);
    if (step.op === 'retract-triple') delete state[label];
    else if (step.op === 'deep-merge-triple') set(state, label, deepMerge(state[label], step.v));
    else set(state, label, reverse ? this.#target(step.v) : step.v);
  }

  #applyLookup(state: JsonObject, [a, v]: Lookup): void {
    const attr = this.#plan.attr(a);
    if (attr) set(state, labelOf(attr), v);
  }

  #target(v: JsonValue): JsonValue {
    return looksLikeLookup(v) ? this.resolve(v) : v;
  }

  #changed(e: EntityRef, etype: string): JsonObject {
    const known = this.#after.get(e, etype);
    if (known) return known;
    const state = { ...this.before(e, etype) };
    this.#after.set(e, etype, state);
    return state;
  }

  #load(e: string, etype: string): State {
    const { catalog, triples } = this.#data;
    const state: JsonObject = {};
    let exists = false;
    for (const attr of catalog.ofEtype(etype)) {
      const [triple] = attr.cardinality === 'one' ? triples.entityAttr(e, attr.id) : [];
      if (!triple) continue;
      exists = true;
      set(state, labelOf(attr), triple[2]);
    }
    return exists ? { ...state, id: e } : undefined;
  }
}

function set(state: JsonObject, label: string, value: JsonValue): void {
  Object.defineProperty(state, label, { value, enumerable: true, configurable: true, writable: true });
}
