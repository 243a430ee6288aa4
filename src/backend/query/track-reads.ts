import type { Triple } from '../../protocol/attr.ts';
import { canonicalJson } from '../../protocol/json.ts';
import type { Reader, ReadSet } from '../store/reader.ts';
import { upsert } from '../store/upsert.ts';
import { ReadBudget } from './read-budget.ts';

/** From this many entities or values of one attribute, the whole attribute counts as read. */
const WHOLE_FROM = 1_000;

/**
 * Wraps a reader to record what is read. The record is complete: a change that matches none of it cannot have altered
 * what the reader returned. Attribute sizes are not recorded, since they only decide between ways to the same answer.
 * Throws when `budget` is exceeded.
 */
// Longer than 40 lines because it is all methods of one object.
export function trackReads(
  reader: Reader,
  budget: ReadBudget = new ReadBudget(),
): { reader: Reader; reads: ReadSet } {
  const reads: ReadSet = { attrs: new Set(), entityAttrs: new Map(), attrValues: new Map() };

  const readWhole = (a: string): void => {
    reads.attrs.add(a);
    reads.entityAttrs.delete(a);
    reads.attrValues.delete(a);
  };

  const note = (map: Map<string, Set<string>>, a: string, key: string): void => {
    if (reads.attrs.has(a)) return;
    const keys = upsert(map, a, () => new Set());
    keys.add(key);
    if (keys.size >= WHOLE_FROM) readWhole(a);
  };

  const counted = (triples: readonly Triple[]): readonly Triple[] => {
    budget.take(triples.length);
    return triples;
  };

  const tracked: Reader = {
    entityAttr(e, a) {
      note(reads.entityAttrs, a, e);
      return counted(reader.entityAttr(e, a));
    },
    attr(a) {
      readWhole(a);
      budget.take(reader.attrSize(a));
      return reader.attr(a);
    },
    attrSize: (a) => reader.attrSize(a),
    attrValue(a, v) {
      note(reads.attrValues, a, canonicalJson(v));
      return counted(reader.attrValue(a, v));
    },
    order(spec) {
      if (spec.kind !== 'value') readWhole(spec.idAttr);
      if (spec.kind !== 'created') readWhole(spec.attr);
      return reader.order(spec);
    },
  };
  return { reader: tracked, reads };
}
