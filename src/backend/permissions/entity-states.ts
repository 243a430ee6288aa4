import { type Attr, etypeOf, labelOf } from '../../protocol/attr.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import type { AppData } from '../store/app-data.ts';
import {
  type EntityRef,
  findByLookup,
  isLookup,
  type Lookup,
  looksLikeLookup,
  mergePatches,
  patchesByValue,
  stepsOf,
  type TxPlan,
} from '../transact/index.ts';
import { ByEntity } from './by-entity.ts';

/** The values of an entity by label; undefined when it does not exist. */
export type State = Readonly<JsonObject> | undefined;

/**
 * The entities that the steps of a transaction concern: as stored before it, and approximately as they will be after
 * it.
 */
export class EntityStates {
  readonly #data: AppData;
  readonly #plan: TxPlan;
  readonly #resolved = new Map<string, EntityRef>();
  readonly #before = new ByEntity<State>();
  readonly #after = new ByEntity<JsonObject>();

  constructor(data: AppData, plan: TxPlan) {
    this.#data = data;
    this.#plan = plan;
  }

  /** The entity that a lookup finds, or else the lookup itself. */
  resolve(e: EntityRef): EntityRef {
    if (!isLookup(e)) return e;
    const key = canonicalJson(e);
    const known = this.#resolved.get(key);
    if (known !== undefined) return known;
    const found = findByLookup(this.#data, e) ?? e;
    this.#resolved.set(key, found);
    return found;
  }

  /** The stored state before the transaction. It must be requested before anything is written. */
  before(e: EntityRef, etype: string): State {
    if (this.#before.has(e, etype)) return this.#before.get(e, etype);
    const state = isLookup(e) ? undefined : this.#load(e, etype);
    this.#before.set(e, etype, state);
    return state;
  }

  /** The state after the transaction. */
  after(e: EntityRef, etype: string): State {
    return this.#after.get(e, etype) ?? this.before(e, etype);
  }

  /** Applies the steps, in the order in which they will run. */
  applySteps(): void {
    for (const op of this.#plan.ops) {
      switch (op) {
        case 'add-triple':
          for (const { e, a, v } of stepsOf(this.#plan, op)) this.#add(e, a, v);
          break;
        case 'deep-merge-triple':
          for (const patches of patchesByValue(stepsOf(this.#plan, op))) this.#merge(patches);
          break;
        case 'retract-triple':
          for (const { e, a, v } of stepsOf(this.#plan, op)) this.#retract(e, a, v);
          break;
        case 'delete-entity':
          for (const { e, etype } of stepsOf(this.#plan, op)) this.#delete(e, etype);
      }
    }
  }

  #add(e: EntityRef, a: string, v: JsonValue): void {
    this.#write(e, a, v, (state, label, isLink) => set(state, label, isLink ? this.#target(v) : v));
  }

  #merge({ e, a, patches }: { e: EntityRef; a: string; patches: readonly JsonValue[] }): void {
    this.#write(e, a, null, (state, label) => set(state, label, mergePatches(state[label], patches)));
  }

  #write(
    ref: EntityRef,
    a: string,
    v: JsonValue,
    write: (state: JsonObject, label: string, isLink: boolean) => void,
  ): void {
    const attr = this.#plan.attr(a);
    if (!attr) return;
    const e = this.resolve(ref);
    this.#rememberTarget(attr, v);
    const state = this.#changed(e, etypeOf(attr));
    if (isLookup(e)) this.#applyLookup(state, e);
    write(state, labelOf(attr), attr['reverse-identity'] !== undefined);
  }

  /** Retracting never creates an entity, and removes only a value that is present. */
  #retract(ref: EntityRef, a: string, v: JsonValue): void {
    const attr = this.#plan.attr(a);
    if (!attr) return;
    const e = this.resolve(ref);
    this.#rememberTarget(attr, v);
    const value = attr['reverse-identity'] ? this.#target(v) : v;
    const label = labelOf(attr);
    const now = this.after(e, etypeOf(attr));
    if (!now || canonicalJson(now[label]) !== canonicalJson(value)) return;
    delete this.#changed(e, etypeOf(attr))[label];
  }

  /** Writes that follow a deletion are all that remains of an entity. */
  #delete(ref: EntityRef, etype: string | undefined): void {
    const e = this.resolve(ref);
    if (etype === undefined || isLookup(e) || this.#after.has(e, etype)) return;
    if (this.before(e, etype)) this.#after.set(e, etype, { id: e });
  }

  /** Rules also see link targets after everything is written, and need their state from before. */
  #rememberTarget(attr: Attr, v: JsonValue): void {
    const reverse = attr['reverse-identity'];
    if (reverse) this.before(looksLikeLookup(v) ? this.resolve(v) : String(v), reverse[1]);
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
