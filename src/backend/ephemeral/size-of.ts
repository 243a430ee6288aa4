import type { Triple } from '../../protocol/attr.ts';
import { isObject, type JsonValue } from '../../protocol/json.ts';
import { systemAttrId } from '../store/system-attrs.ts';
import type { Change } from '../store/undo-log.ts';

/** About what a triple or an attribute takes in memory, apart from its text: its place in the indexes. */
const TRIPLE_BYTES = 256;
const ATTR_BYTES = 1_024;
const FILE_SIZE = systemAttrId('$files', 'size');

/** By how many bytes changes make an app larger, about; less than none when they make it smaller. */
export function growthBy(changes: readonly Change[]): number {
  let bytes = 0;
  for (const change of changes) {
    if (change.kind === 'attr') bytes += sizeOfAttr(change.after) - sizeOfAttr(change.before);
    else bytes += change.kind === 'add' ? sizeOfTriple(change.triple) : -sizeOfTriple(change.triple);
  }
  return bytes;
}

/** What changes take themselves, about, for as long as they are kept. */
export function sizeOfChanges(changes: readonly Change[]): number {
  let bytes = 0;
  for (const change of changes) {
    if (change.kind === 'attr') bytes += sizeOfAttr(change.after) + sizeOfAttr(change.before);
    else bytes += TRIPLE_BYTES + sizeOfText(change.triple[2]);
  }
  return bytes;
}

/** What an attribute takes, about; nothing where there is none. */
export function sizeOfAttr(attr: object | undefined): number {
  return attr === undefined ? 0 : ATTR_BYTES + sizeOfText(attr);
}

/** What a value takes as JSON. */
export function sizeOfText(value: object | JsonValue): number {
  return typeof value === 'string' ? value.length : JSON.stringify(value).length;
}

/** What rules take; none take nothing. */
export function sizeOfRules(code: unknown): number {
  return isObject(code) ? sizeOfText(code) : 0;
}

/** The row of a file says how large its content is, and stands for it. */
function sizeOfTriple([, attr, value]: Triple): number {
  const content = attr === FILE_SIZE && typeof value === 'number' ? value : 0;
  return TRIPLE_BYTES + sizeOfText(value) + content;
}
