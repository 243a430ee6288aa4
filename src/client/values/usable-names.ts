import { InstantError, QueryValidationError } from '@instantdb/core';
import { isObject } from '../../protocol/json.ts';

/** The one name that cannot be a property of a plain object, which is what users get. */
const UNUSABLE = '__proto__';

/** Whether this can be the name of a row's property, or of its namespace. */
export function isUsableName(name: string): boolean {
  return name !== UNUSABLE;
}

/**
 * Why a transaction cannot be made: it uses a name that no row can have. Anything else that is wrong with it is left to
 * core.
 */
export function whyUnusable(chunks: unknown): InstantError | undefined {
  const list: unknown[] = Array.isArray(chunks) ? chunks : [chunks];
  const ops = list.flatMap((chunk) => (isObject(chunk) && Array.isArray(chunk.__ops) ? chunk.__ops : []));
  const isUnusable = ops.some((op) => Array.isArray(op) && namesOf(op).some((name) => name === UNUSABLE));
  if (!isUnusable) return undefined;
  return new InstantError(`Cannot write: no namespace, attribute or link can be called "${UNUSABLE}"`);
}

/** @throws QueryValidationError for a query that uses a name no row can have. */
export function assertUsableNames(query: unknown): void {
  for (const [key, form] of entriesOf(query)) {
    if (key === '$$ruleParams') continue;
    assertUsable(key);
    if (key === '$') assertUsableOptions(form);
    else assertUsableNames(form);
  }
}

function assertUsableOptions(options: unknown): void {
  if (!isObject(options)) return;
  const { fields, order, where } = options;
  for (const [key] of entriesOf(order)) assertUsable(key);
  for (const field of Array.isArray(fields) ? fields : []) assertUsable(field);
  assertUsableWhere(where);
}

function assertUsableWhere(where: unknown): void {
  for (const [path, condition] of entriesOf(where)) {
    for (const name of path.split('.')) assertUsable(name);
    if (path !== 'and' && path !== 'or') continue;
    for (const inner of Array.isArray(condition) ? condition : []) assertUsableWhere(inner);
  }
}

function assertUsable(name: unknown): void {
  if (name !== UNUSABLE) return;
  throw new QueryValidationError(`No namespace, attribute or link can be called "${UNUSABLE}"`);
}

/** The names in one operation of a transaction, as core keeps them: `[action, etype, id or lookup, values]`. */
function namesOf([action, etype, entity, values]: unknown[]): unknown[] {
  const links = action === 'link' || action === 'unlink' ? Object.values(Object(values)).flat() : [];
  const own = action === 'ruleParams' || action === 'delete' ? [] : Object.keys(Object(values));
  return [etype, ...own, ...[entity, ...links].flatMap(lookedUpBy)];
}

/**
 * The names by which a lookup finds an entity: `[attribute, value]`, `{ attribute: value }`, or core's text form of it.
 */
function lookedUpBy(entity: unknown): string[] {
  if (isObject(entity)) return Object.keys(entity).flatMap((name) => name.split('.'));
  const text = typeof entity === 'string' && entity.startsWith(LOOKUP) ? entity.slice(LOOKUP.length) : '';
  if (text.startsWith(UNUSABLE)) return [UNUSABLE];
  const name: unknown = Array.isArray(entity) ? entity[0] : text.split('__')[0];
  return typeof name === 'string' ? name.split('.') : [];
}

/** The prefix of core's text form of `lookup(attribute, value)`. */
const LOOKUP = 'lookup__';

function entriesOf(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}
