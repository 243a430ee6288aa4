import type { CoreAttrsStore } from '../core-internals/attrs-store.ts';

/** One fact of core's store. */
export type Triple = [entity: string, attr: string, value: unknown, createdAt: number];

/** An index of core's store, e.g. by entity, attribute and value. */
export type Index = Map<unknown, Map<unknown, Map<unknown, Triple>>>;

/** Core's store of one query: the same triples, indexed three ways. */
export interface Store {
  /** By entity, attribute and value. */
  readonly eav: Index;
  /** By attribute, entity and value. */
  readonly aev: Index;
  /** Only links, by value, attribute and entity. */
  readonly vae: Index;
  readonly useDateObjects?: boolean | null | undefined;
}

/** An attribute, as far as it is read here. */
export interface Attr {
  id: string;
  'forward-identity': readonly [id: string, etype: string, label: string];
  'reverse-identity'?: readonly [id: string, etype: string, label: string] | null;
  'value-type': string;
  cardinality?: string;
  'unique?'?: boolean;
  'checked-data-type'?: string | null;
  'on-delete'?: string | null;
  'on-delete-reverse'?: string | null;
}

/** Core's store of attributes. */
export type AttrsStore = CoreAttrsStore<Attr>;

/** A store, and the attributes of its triples. */
export interface Stores {
  store: Store;
  attrsStore: AttrsStore;
}

/** The attribute that every entity of a namespace has. */
export function idAttrOf(attrs: AttrsStore, etype: string): Attr | undefined {
  return attrs.primaryKeys.get(etype) ?? attrs.forwardIdents.get(etype)?.get('id');
}

/** Whether an attribute is a link. */
export function isLink(attr: Attr): boolean {
  return attr['value-type'] === 'ref';
}
