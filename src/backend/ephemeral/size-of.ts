import type { Triple } from '../../protocol/attr.ts';
import { isObject, type JsonValue } from '../../protocol/json.ts';
import { systemAttrId } from '../store/system-attrs.ts';
import type { Change } from '../store/undo-log.ts';

/** Approximate memory overhead of a triple or an attribute in the indexes, apart from its text. */
const TRIPLE_BYTES = 256;
const ATTR_BYTES = 1_024;
const FILE_SIZE = systemAttrId('$files', 'size');

/** Approximately how many bytes changes add to an app; negative when they shrink it. */
export function growthBy(changes: readonly Change[]): number {
  let bytes = 0;
  for (const change of changes) {
    if (change.kind === 'attr') bytes += sizeOfAttr(change.after) - sizeOfAttr(change.before);
    else bytes += change.kind === 'add' ? sizeOfTriple(change.triple) : -sizeOfTriple(change.triple);
  }
  return bytes;
}

/** Approximate size of the changes themselves, while they are kept. */
export function sizeOfChanges(changes: readonly Change[]): number {
  let bytes = 0;
  for (const change of changes) {
    if (change.kind === 'attr') bytes += sizeOfAttr(change.after) + sizeOfAttr(change.before);
    else bytes += TRIPLE_BYTES + sizeOfText(change.triple[2]);
  }
  return bytes;
}

/** Approximate size of an attribute; 0 for none. */
export function sizeOfAttr(attr: object | undefined): number {
  return attr === undefined ? 0 : ATTR_BYTES + sizeOfText(attr);
}

/** The length of a value as JSON text. */
export function sizeOfText(value: object | JsonValue): number {
  return typeof value === 'string' ? value.length : JSON.stringify(value).length;
}

/** The size of rules; 0 for none. */
export function sizeOfRules(code: unknown): number {
  return isObject(code) ? sizeOfText(code) : 0;
}

/** A file's content is counted with its `size` triple. */
function sizeOfTriple([, attr, value]: Triple): number {
  const content = attr === FILE_SIZE && typeof value === 'number' ? value : 0;
  return TRIPLE_BYTES + sizeOfText(value) + content;
}
