import { coerceToDate } from '@instantdb/core';
import { IndexDraft } from './index-draft.ts';
import {
  type Attr,
  type AttrsStore,
  type Index,
  isLink,
  type Store,
  type Stores,
  type Triple,
} from './store.ts';

let stamps = 0;

/** A store being changed; the original stays as it is. */
export class StoreDraft {
  readonly #store: Store;
  #attrs: AttrsStore;
  #ownsAttrs = false;
  eav: IndexDraft;
  aev: IndexDraft;
  vae: IndexDraft;

  constructor({ store, attrsStore }: Stores) {
    this.#store = store;
    this.#attrs = attrsStore;
    this.eav = new IndexDraft(store.eav);
    this.aev = new IndexDraft(store.aev);
    this.vae = new IndexDraft(store.vae);
  }

  get attrs(): AttrsStore {
    return this.#attrs;
  }

  finished(): Stores {
    const [eav, aev, vae] = [this.eav.value, this.aev.value, this.vae.value];
    return { store: { ...this.#store, eav, aev, vae }, attrsStore: this.#attrs };
  }

  /** Puts a value under a known attribute, replacing the previous one if there can be only one. */
  put(attr: Attr, entity: string, given: unknown): void {
    const value = this.#asKept(attr, given);
    const triple: Triple = [entity, attr.id, value, this.#createdAt(entity, attr.id, value)];
    if (attr.cardinality === 'one') {
      this.eav.setOnly(entity, attr.id, value, triple);
      this.aev.setOnly(attr.id, entity, value, triple);
    } else {
      this.eav.set(entity, attr.id, value, triple);
      this.aev.set(attr.id, entity, value, triple);
    }
    if (isLink(attr)) this.vae.set(value, attr.id, entity, triple);
  }

  /** Replaces a triple's value and keeps its creation time. */
  replace([entity, attrId, , createdAt]: Triple, value: unknown): void {
    const triple: Triple = [entity, attrId, value, createdAt || newStamp()];
    this.eav.setOnly(entity, attrId, value, triple);
    this.aev.setOnly(attrId, entity, value, triple);
  }

  remove(attr: Attr, entity: string, value: unknown): void {
    this.eav.delete(entity, attr.id, value);
    this.aev.delete(attr.id, entity, value);
    if (isLink(attr)) this.vae.delete(value, attr.id, entity);
  }

  addAttr(attr: Attr): void {
    this.#ownAttrs().addAttr(attr);
  }

  deleteAttr(id: string): void {
    if (!this.#attrs.getAttr(id)) return;
    this.#ownAttrs().deleteAttr(id);
    this.#indexAnew();
  }

  updateAttr(changes: Partial<Attr> & { id: string }): void {
    if (!this.#attrs.getAttr(changes.id)) return;
    this.#ownAttrs().updateAttr(changes);
    this.#indexAnew();
  }

  /** Core turns dates into objects if told to; what is not a date stays as it is, for the server to refuse. */
  #asKept(attr: Attr, value: unknown): unknown {
    if (attr['checked-data-type'] !== 'date' || !this.#store.useDateObjects) return value;
    try {
      return coerceToDate(value);
    } catch {
      return value;
    }
  }

  #createdAt(entity: string, attrId: string, value: unknown): number {
    return this.eav.get(entity)?.get(attrId)?.get(value)?.[3] ?? newStamp();
  }

  #ownAttrs(): AttrsStore {
    if (!this.#ownsAttrs) {
      const copy = Object.assign(
        Object.create(Object.getPrototypeOf(this.#attrs)),
        this.#attrs,
      ) as AttrsStore;
      copy.attrs = { ...copy.attrs };
      this.#attrs = copy;
      this.#ownsAttrs = true;
    }
    return this.#attrs;
  }

  /** Rebuilds the indexes after a change of attributes: triples of deleted ones go, and a link may no longer be one. */
  #indexAnew(): void {
    const before = this.eav.value;
    for (const name of ['eav', 'aev', 'vae'] as const) this[name] = new IndexDraft(new Map());
    for (const [entity, attrId, given, createdAt] of triplesIn(before)) {
      const attr = this.#attrs.getAttr(attrId);
      if (!attr) continue;
      const value = this.#asKept(attr, given);
      const triple: Triple = [entity, attrId, value, createdAt];
      this.eav.set(entity, attrId, value, triple);
      this.aev.set(attrId, entity, value, triple);
      if (isLink(attr)) this.vae.set(value, attrId, entity, triple);
    }
  }
}

function* triplesIn(index: Index): Generator<Triple> {
  for (const branch of index.values()) for (const leaf of branch.values()) yield* leaf.values();
}

/** Later than anything a server has stamped, as in core: what is created here comes last until the server has it. */
function newStamp(): number {
  return Date.now() * 10 + stamps++;
}
