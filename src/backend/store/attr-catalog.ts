import { type Attr, etypeOf, labelOf } from '../../protocol/attr.ts';
import type { UndoLog } from './undo-log.ts';

/** A deleted attribute that can still be restored. It occurs in no list and no query. */
export interface DeletedAttr extends Attr {
  /** When it was deleted, in epoch milliseconds. */
  'deletion-marked-at': number;
  metadata: {
    soft_delete_snapshot: { is_indexed: boolean; is_required: boolean; id_attr_id: string | null };
  };
}

function isDeleted(attr: Attr): attr is DeletedAttr {
  return 'deletion-marked-at' in attr;
}

function nameKey(etype: string, label: string): string {
  return `${etype}\u0000${label}`;
}

/**
 * The attributes of one app, by id, forward identity and reverse identity. Attributes are immutable: they are replaced,
 * never modified, so a returned list does not change. A {@link DeletedAttr} is kept apart: of the lookups by id or
 * name, only those for deleted attributes and `byIdentId` find it.
 */
export class AttrCatalog {
  readonly #byId = new Map<string, Attr>();
  readonly #deleted = new Map<string, DeletedAttr>();
  readonly #forward = new Map<string, Attr>();
  readonly #reverse = new Map<string, Attr>();
  readonly #byEtype = new Map<string, Map<string, Attr>>();
  readonly #refsTo = new Map<string, Map<string, Attr>>();
  readonly #identOwners = new Map<string, Attr>();
  readonly #undoLog: UndoLog;
  #version = 0;
  #sorted: { version: number; attrs: readonly Attr[] } | undefined;

  constructor(undoLog: UndoLog, systemAttrs: readonly Attr[] = []) {
    this.#undoLog = undoLog;
    for (const attr of systemAttrs) this.#insert(attr);
  }

  /** Increases with every change; equal versions mean equal lists. */
  get version(): number {
    return this.#version;
  }

  /** All attributes, by ascending id. */
  list(): readonly Attr[] {
    if (this.#sorted?.version !== this.#version) {
      const attrs = [...this.#byId.values()].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
      this.#sorted = { version: this.#version, attrs };
    }
    return this.#sorted.attrs;
  }

  byId(id: string): Attr | undefined {
    return this.#byId.get(id);
  }

  /** The attribute with this namespace and label. */
  byForward(etype: string, label: string): Attr | undefined {
    return this.#forward.get(nameKey(etype, label));
  }

  /** The link that `etype` sees under `label` in reverse. */
  byReverse(etype: string, label: string): Attr | undefined {
    return this.#reverse.get(nameKey(etype, label));
  }

  /** The attributes whose forward identity is in `etype`. */
  ofEtype(etype: string): Iterable<Attr> {
    return this.#byEtype.get(etype)?.values() ?? [];
  }

  /** The links whose targets are in `etype`. */
  refsTo(etype: string): Iterable<Attr> {
    return this.#refsTo.get(etype)?.values() ?? [];
  }

  /** The attribute, deleted or not, that has an identity with this id. */
  byIdentId(identId: string): Attr | undefined {
    return this.#identOwners.get(identId);
  }

  /** The deleted attribute with this id. */
  deletedById(id: string): DeletedAttr | undefined {
    return this.#deleted.get(id);
  }

  /** The deleted attributes that can still be restored. */
  deleted(): Iterable<DeletedAttr> {
    return this.#deleted.values();
  }

  /** The deleted attributes whose namespace currently has this name: deleting an attribute renames it. */
  deletedOfEtype(etype: string): readonly DeletedAttr[] {
    return [...this.#deleted.values()].filter((attr) => etypeOf(attr) === etype);
  }

  /** The deleted links whose target namespace currently has this name. */
  deletedRefsTo(etype: string): readonly DeletedAttr[] {
    return [...this.#deleted.values()].filter((attr) => attr['reverse-identity']?.[1] === etype);
  }

  /** Adds an attribute, or replaces the one with its id. */
  put(attr: Attr | DeletedAttr): void {
    const before = this.#byId.get(attr.id) ?? this.#deleted.get(attr.id);
    if (before) this.#remove(before);
    this.#insert(attr);
    this.#undoLog.record({ kind: 'attr', before, after: attr }, () => {
      this.#remove(attr);
      if (before) this.#insert(before);
    });
  }

  /** Removes an attribute permanently; its triples are up to the caller. */
  delete(id: string): void {
    const before = this.#byId.get(id) ?? this.#deleted.get(id);
    if (!before) return;
    this.#remove(before);
    this.#undoLog.record({ kind: 'attr', before, after: undefined }, () => this.#insert(before));
  }

  #insert(attr: Attr): void {
    this.#version++;
    const { 'forward-identity': forward, 'reverse-identity': reverse } = attr;
    this.#identOwners.set(forward[0], attr);
    if (reverse) this.#identOwners.set(reverse[0], attr);
    if (isDeleted(attr)) {
      this.#deleted.set(attr.id, attr);
      return;
    }
    this.#byId.set(attr.id, attr);
    this.#forward.set(nameKey(etypeOf(attr), labelOf(attr)), attr);
    putInto(this.#byEtype, etypeOf(attr), attr);
    if (reverse) this.#reverse.set(nameKey(reverse[1], reverse[2]), attr);
    if (reverse && attr['value-type'] === 'ref') putInto(this.#refsTo, reverse[1], attr);
  }

  #remove(attr: Attr): void {
    this.#version++;
    const { 'forward-identity': forward, 'reverse-identity': reverse } = attr;
    this.#identOwners.delete(forward[0]);
    if (reverse) this.#identOwners.delete(reverse[0]);
    if (isDeleted(attr)) {
      this.#deleted.delete(attr.id);
      return;
    }
    this.#byId.delete(attr.id);
    this.#forward.delete(nameKey(etypeOf(attr), labelOf(attr)));
    deleteFrom(this.#byEtype, etypeOf(attr), attr);
    if (reverse) this.#reverse.delete(nameKey(reverse[1], reverse[2]));
    if (reverse) deleteFrom(this.#refsTo, reverse[1], attr);
  }
}

function putInto(index: Map<string, Map<string, Attr>>, etype: string, attr: Attr): void {
  const attrs = index.get(etype);
  if (attrs) attrs.set(attr.id, attr);
  else index.set(etype, new Map([[attr.id, attr]]));
}

function deleteFrom(index: Map<string, Map<string, Attr>>, etype: string, attr: Attr): void {
  const attrs = index.get(etype);
  attrs?.delete(attr.id);
  if (attrs?.size === 0) index.delete(etype);
}
