/** What the rows of a sync table are ordered by. */
export interface SyncOrder {
  orderField: string;
  orderDirection: 'asc' | 'desc';
  orderFieldType?: string | null | undefined;
}

/** A row, and when the server created it. */
export interface SyncRow {
  entity: Readonly<Record<string, unknown>>;
  serverCreatedAt: number;
}

const { compare } = new Intl.Collator('en-US');

/** Compares rows in core's order: missing values come first, and the id breaks ties. */
export function rowOrder({
  orderField,
  orderDirection,
  orderFieldType,
}: SyncOrder): (a: SyncRow, b: SyncRow) => number {
  const sign = orderDirection === 'asc' ? 1 : -1;
  const isByTime = orderField === 'serverCreatedAt';
  const placeOf = (row: SyncRow): Place =>
    comparable(isByTime ? row.serverCreatedAt : row.entity[orderField]);
  const asText = !isByTime && orderFieldType === 'string';
  return (a, b) =>
    sign * (comparePlaces(placeOf(a), placeOf(b), asText) || compareIds(a.entity.id, b.entity.id));
}

/** A value that can be compared without calling its methods. */
type Place = string | number | boolean | undefined;

function comparable(value: unknown): Place {
  if (value instanceof Date) return value.getTime();
  return ['string', 'number', 'boolean'].includes(typeof value) ? (value as Place) : undefined;
}

function comparePlaces(a: Place, b: Place, asText: boolean): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
  if (asText) return compare(String(a), String(b));
  return a > b ? 1 : -1;
}

/** UUIDs compared as text have the order of their bytes. */
function compareIds(a: unknown, b: unknown): number {
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
