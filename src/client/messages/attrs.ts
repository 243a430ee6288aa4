import { isObject } from '../../protocol/json.ts';
import { isUsableName } from '../values/usable-names.ts';

/** Whether a server's attribute can be used: it has an id and names, and rows can have a property of its name. */
export function isAttr(attr: unknown): boolean {
  if (!isObject(attr) || !isKey(attr.id) || !isIdent(attr['forward-identity'])) return false;
  const reverse = attr['reverse-identity'];
  return reverse === undefined || reverse === null || isIdent(reverse);
}

/** Whether core can look something up by a server's id: it uses plain objects, which inherit some names. */
export function isKey(id: unknown): id is string {
  return typeof id === 'string' && !INHERITED.has(id);
}

function isIdent(ident: unknown): boolean {
  return (
    Array.isArray(ident) &&
    ident.length === 3 &&
    ident.every((part) => typeof part === 'string' && isUsableName(part))
  );
}

const INHERITED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));
