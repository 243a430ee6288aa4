import { type Attr, etypeOf, type Ident, labelOf } from '../../protocol/attr.ts';
import { recordNotUnique, ServerError, validationFailed } from '../../protocol/error.ts';
import { canonicalJson } from '../../protocol/json.ts';
import type { AppData } from '../store/app-data.ts';
import type { DeletedAttr } from '../store/attr-catalog.ts';
import { checkNames, checkNewIdents, checkReservedNames, hasIdent } from './attr-idents.ts';
import { checkValue, notUnique } from './check-value.ts';
import { raised } from './issue.ts';
import { backfillNulls } from './null-triples.ts';
import type { Transaction } from './transaction.ts';
import type { AttrUpdate } from './tx-steps.ts';

/**
 * Adds an attribute. The server inserts it by its forward identity: if that exists already, nothing happens, however
 * the attribute is defined.
 */
export function addAttr(transaction: Transaction, attr: Attr): void {
  const { catalog } = transaction.data;
  checkReservedNames(attr);
  if (attr['required?']) checkAddRequired(transaction.data, attr);
  checkNewIdents(catalog, attr);
  if (hasIdent(catalog, attr, attr['forward-identity'])) return;
  if (catalog.byId(attr.id) ?? catalog.deletedById(attr.id))
    throw raised(`The attribute with id ${attr.id} conflicts with an existing attribute with id ${attr.id}.`);
  checkRequirable(attr);
  catalog.put(attr);
  backfillNulls(transaction, attr);
}

/** Changes an attribute of the app. One that does not exist, or a system attribute, is ignored. */
export function updateAttr(transaction: Transaction, update: AttrUpdate): void {
  const { catalog, triples } = transaction.data;
  checkReservedNames(update);
  const before = catalog.byId(update.id);
  if (!before || before.catalog === 'system') return;
  const after = updated(before, update);
  checkRequirable(after);
  checkNames(catalog, after);
  checkStored(transaction.data, before, after);
  catalog.put(after);
  triples.reindex(after);
}

/**
 * Marks attributes of the app as deleted: their triples stay, hidden, until they are restored or the grace period ends.
 * Their names are free at once.
 */
export function deleteAttrs({ data, options }: Transaction, ids: string[]): void {
  const deleted = [...new Set(ids)].flatMap((id) => {
    const attr = data.catalog.byId(id);
    return attr && attr.catalog !== 'system' ? [markDeleted(data, attr, options.now)] : [];
  });
  for (const attr of deleted) data.catalog.put(attr);
}

/** Restores deleted attributes, neither indexed nor required, so that their triples are valid as they are. */
export function restoreAttrs({ data }: Transaction, ids: string[]): void {
  for (const id of ids) {
    const deleted = data.catalog.deletedById(id);
    if (!deleted) continue;
    const { 'deletion-marked-at': _, metadata: __, ...attr } = deleted;
    const restored = {
      ...renamed(attr, (name) => name.slice(brand(id).length)),
      'index?': false,
      'required?': false,
    };
    checkNames(data.catalog, restored);
    data.catalog.put(restored);
    data.triples.reindex(restored);
  }
}

function updated(before: Attr, update: AttrUpdate): Attr {
  const { 'on-delete': _, 'on-delete-reverse': __, 'reverse-identity': reverse, ...kept } = before;
  const { 'forward-identity': forwardName, 'reverse-identity': reverseName, ...changed } = update;
  return {
    ...kept,
    ...changed,
    // An identity is renamed but keeps its id. A missing one is not added.
    'forward-identity': withName(before['forward-identity'], forwardName),
    ...(reverse && { 'reverse-identity': withName(reverse, reverseName) }),
  };
}

function withName(ident: Ident, named: Ident | undefined): Ident {
  return named ? [ident[0], named[1], named[2]] : ident;
}

/** Refuses an update that conflicts with stored values. */
function checkStored({ triples }: AppData, before: Attr, after: Attr): void {
  const becameOne = before.cardinality === 'many' && after.cardinality === 'one';
  const becameUnique = !before['unique?'] && after['unique?'];
  const becameLink = before['value-type'] !== 'ref' && after['value-type'] === 'ref';
  const becameLimited = becameUnique || becameLink || (!before['index?'] && after['index?']);
  if (!becameOne && !becameLimited) return;
  const owners = new Set<string>();
  const values = new Set<string>();
  for (const [e, , v] of triples.attr(after.id)) {
    if (becameOne && owners.has(e)) throw recordNotUnique('triple', 'Record not unique: triple', {});
    owners.add(e);
    if (becameLimited) checkValue(after, e, v);
    if (!becameUnique || v === null) continue;
    const value = canonicalJson(v);
    if (values.has(value)) throw notUnique(after, v);
    values.add(value);
  }
}

/** Refuses a required attribute if the app's own attributes in the namespace have triples. */
function checkAddRequired({ catalog, triples }: AppData, attr: Attr): void {
  const etype = etypeOf(attr);
  const own = [...catalog.ofEtype(etype)].filter((other) => other.catalog === 'user');
  if (!own.some((other) => triples.attrSize(other.id) > 0)) return;
  const message = `Can't create attribute \`${labelOf(attr)}\` as required because \`${etype}\` already have entities`;
  throw validationFailed('attributes', attr, [{ message }]);
}

function checkRequirable(attr: Attr): void {
  if (!attr['required?'] || !etypeOf(attr).startsWith('$')) return;
  throw new ServerError(
    'validation-failed',
    "You can't create a required system attribute. Make sure it's optional. Check out the docs to learn more: https://www.instantdb.com/docs/modeling-data#required-constraints",
  );
}

function markDeleted({ catalog }: AppData, attr: Attr, now: number): DeletedAttr {
  const snapshot = {
    is_indexed: attr['index?'] ?? false,
    is_required: attr['required?'] ?? false,
    id_attr_id: catalog.byForward(etypeOf(attr), 'id')?.id ?? null,
  };
  return {
    ...renamed(attr, (name) => brand(attr.id) + name),
    'index?': false,
    'required?': false,
    'deletion-marked-at': now,
    metadata: { soft_delete_snapshot: snapshot },
  };
}

/** Prefix of the names of a deleted attribute, so that they cannot collide with others. */
function brand(id: string): string {
  return `${id}_deleted$`;
}

function renamed(attr: Attr, rename: (name: string) => string): Attr {
  const apply = ([id, etype, label]: Ident): Ident => [id, rename(etype), rename(label)];
  const reverse = attr['reverse-identity'];
  return {
    ...attr,
    'forward-identity': apply(attr['forward-identity']),
    ...(reverse && { 'reverse-identity': apply(reverse) }),
  };
}
