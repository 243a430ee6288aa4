import { coerceToDate } from '@instantdb/core';
import { isKey } from './attrs.ts';

/** Whether an attribute holds dates that core is to make objects of. */
export type HoldsDates = (attrId: string) => boolean;

/** Tells triples that core can take: of entities and attributes that can be looked up, with dates that are dates. */
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
