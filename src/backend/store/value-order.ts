import type { CheckedDataType } from '../../protocol/attr.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { parseInstantDate } from './instant-date.ts';

const collator = new Intl.Collator('en-US');

/** A value in its form for sorting: dates as instants, and missing values as null. */
export type SortKey = string | number | boolean | null;

/** A position in an order. */
export interface Place {
  key: SortKey;
  e: string;
}

/** The sort key of a value of an attribute with this type. */
export function sortKey(value: JsonValue | undefined, type: CheckedDataType | undefined): SortKey {
  if (value === undefined || value === null) return null;
  if (type === 'date') return parseInstantDate(value) ?? null;
  return typeof value === 'object' ? JSON.stringify(value) : value;
}

/**
 * Compares entity ids in the order of a UUID's bytes: ids are stored in lower case, so their text sorts the same way.
 */
function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const KIND_ORDER = ['boolean', 'number', 'string'];

/** Compares two keys of one order: null sorts first. */
function compareKeys(a: SortKey, b: SortKey, compareStrings: (a: string, b: string) => number): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a !== typeof b) return KIND_ORDER.indexOf(typeof a) - KIND_ORDER.indexOf(typeof b);
  if (typeof a === 'string') return compareStrings(a, b as string);
  return a < b ? -1 : 1;
}

function compareUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** Compares two places: by key, then by entity id. */
export type ComparePlaces = (a: Place, b: Place) => number;

/** The order of pages: strings follow the collation of core's client (`en-US`), so that server and client agree. */
export const comparePlaces: ComparePlaces = (a, b) =>
  compareKeys(a.key, b.key, collator.compare) || compareIds(a.e, b.e);

/** The order of comparisons: strings compare by code unit, as with `<` and `>` in core's client. */
export const compareByUnit: ComparePlaces = (a, b) =>
  compareKeys(a.key, b.key, compareUnits) || compareIds(a.e, b.e);
