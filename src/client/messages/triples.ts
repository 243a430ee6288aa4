import { coerceToDate } from '@instantdb/core';
import { isKey } from './attrs.ts';

/** Whether an attribute holds dates that core turns into objects. */
export type HoldsDates = (attrId: string) => boolean;

/** Recognizes triples that core can handle: their entity and attribute can be looked up, and dates are dates. */
export function tripleTest(holdsDates: HoldsDates): (triple: unknown) => triple is unknown[] {
  return (triple): triple is unknown[] => {
    if (!Array.isArray(triple) || triple.length < 3 || !isKey(triple[0]) || !isKey(triple[1])) return false;
    return !holdsDates(triple[1]) || isDate(triple[2]);
  };
}

function isDate(value: unknown): boolean {
  try {
    coerceToDate(value);
    return true;
  } catch {
    return false;
  }
}
