import type { Whys } from './whys.ts';

/** Core's `AttrsStoreClass`, which it does not export. */
export interface CoreAttrsStore<Attr> {
  attrs: Record<string, Attr>;
  readonly primaryKeys: ReadonlyMap<string, Attr>;
  readonly forwardIdents: ReadonlyMap<string, ReadonlyMap<string, Attr>>;
  readonly revIdents: ReadonlyMap<string, ReadonlyMap<string, Attr>>;
  getAttr(id: string): Attr | undefined;
  addAttr(attr: Attr): void;
  deleteAttr(id: string): void;
  updateAttr(changes: Partial<Attr> & { id: string }): void;
}

type ReliedUpon =
  | 'constructor'
  | 'linkIndex'
  | 'resetAttrIndexes'
  | '_blobAttrs'
  | '_primaryKeys'
  | '_forwardIdents'
  | '_revIdents'
  | 'toJSON';

/** Why members of core's store of attributes matter here; read only by a test. */
export const attrsStoreWhys: Required<Whys<keyof CoreAttrsStore<unknown> | ReliedUpon>> = {
  constructor: 'relied upon: takes the attributes as they are, so that a copy of the fields is a copy',
  attrs: 'read and copied: attributes by their ids',
  linkIndex: 'copied, along with the attributes, where a write adds some',
  _blobAttrs: 'copied: is made anew after a change',
  _primaryKeys: 'copied: is made anew after a change',
  _forwardIdents: 'copied: is made anew after a change',
  _revIdents: 'copied: is made anew after a change',
  primaryKeys: 'read: the attribute that every entity of a namespace has',
  forwardIdents: 'read: attributes by namespace and label',
  revIdents: 'read: links by namespace and label of their other end',
  resetAttrIndexes: 'relied upon: puts new indexes in the place of those that a copy shares',
  getAttr: 'called: an attribute by its id',
  addAttr: 'called on a copy',
  deleteAttr: 'called on a copy',
  updateAttr: 'called on a copy',
  toJSON: 'relied upon: what attributes look like when they are stored',
};
