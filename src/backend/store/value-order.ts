import type { CheckedDataType } from '../../protocol/attr.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { parseInstantDate } from '../date.ts';

const collator = new Intl.Collator('en-US');

/** A value as it is ordered: dates as instants, and everything that is not there as null. */
export type SortKey = string | number | boolean | null;

/** Where something stands in an order. */
export interface Place {
  key: SortKey;
  e: string;
}

/** How a value of an attribute with this type takes part in an order. */
export function sortKey(value: JsonValue | undefined, type: CheckedDataType | undefined): SortKey {
  if (value === undefined || value === null) return null;
  if (type === 'date') return parseInstantDate(value) ?? null;
  return typeof value === 'object' ? JSON.stringify(value) : value;
}

/** Entity ids in the order of a UUID's bytes: they are stored in lower case, so the text has the same order. */
function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const KIND_ORDER = ['boolean', 'number', 'string'];

/**
 * Compares two keys of one order: nothing comes before everything else, strings go by the collation of core's client
 * (`en-US`), so that server and client agree on pages.
 */
function compareKeys(a: SortKey, b: SortKey): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a !== typeof b) return KIND_ORDER.indexOf(typeof a) - KIND_ORDER.indexOf(typeof b);
  if (typeof a === 'string') return collator.compare(a, b as string);
  return a < b ? -1 : 1;
}

/** Compares two places in an order: by key, then by entity id. */
export function comparePlaces(a: Place, b: Place): number {
  return compareKeys(a.key, b.key) || compareIds(a.e, b.e);
}
