import type { JsonObject, JsonValue } from '../../protocol/json.ts';

// How Postgres stores a value (`jsonb`): the server's limits count its bytes, and its errors show its text.

const HEADER_BYTES = 4;
const ENTRY_BYTES = 4;
const DIGITS_PER_GROUP = 4;

const encoder = new TextEncoder();

/** A value as Postgres prints it: short keys first, and a space after each comma and colon. */
export function jsonbText(v: JsonValue): string {
  if (typeof v === 'number') return plainDecimal(v);
  if (Array.isArray(v)) return `[${v.map(jsonbText).join(', ')}]`;
  if (typeof v !== 'object' || v === null) return JSON.stringify(v);
  return `{${sortedEntries(v)
    .map(([key, item]) => `${JSON.stringify(key)}: ${jsonbText(item)}`)
    .join(', ')}}`;
}

/** The size of a value in Postgres, in bytes. */
export function jsonbSize(v: JsonValue): number {
  const isContainer = typeof v === 'object' && v !== null;
  return sizeAfter(HEADER_BYTES, isContainer ? v : [v]);
}

/** The first `max` bytes of a text, or less, so that no character is cut. */
export function clipBytes(text: string, max: number): string {
  const bytes = encoder.encode(text);
  let end = Math.min(max, bytes.length);
  while (end > 0 && isContinuation(bytes[end])) end--;
  return new TextDecoder().decode(bytes.subarray(0, end));
}

/** The length of a text in UTF-8 bytes. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && byte >> 6 === 0b10;
}

/** The position after `v` when it is written at `at`. */
function sizeAfter(at: number, v: JsonValue): number {
  if (typeof v === 'string') return at + byteLength(v);
  if (typeof v === 'number') return aligned(at) + numericSize(v);
  if (typeof v !== 'object' || v === null) return at;
  const parts = Array.isArray(v) ? v : keysThenValues(v);
  const start = aligned(at) + HEADER_BYTES + parts.length * ENTRY_BYTES;
  return parts.reduce(sizeAfter, start);
}

function keysThenValues(object: JsonObject): JsonValue[] {
  const entries = sortedEntries(object);
  return [...entries.map(([key]) => key), ...entries.map(([, item]) => item)];
}

function sortedEntries(object: JsonObject): [key: string, item: JsonValue][] {
  const entries = Object.entries(object).map(([key, item]): [string, JsonValue] => [key, item ?? null]);
  return entries.sort(([a], [b]) => byteLength(a) - byteLength(b) || (a < b ? -1 : 1));
}

function aligned(at: number): number {
  return Math.ceil(at / HEADER_BYTES) * HEADER_BYTES;
}

/** Postgres stores a number as groups of four decimal digits, without zero groups at either end. */
function numericSize(n: number): number {
  const [whole = '', fraction = ''] = plainDecimal(Math.abs(n)).split('.');
  const wholeGroups = Math.ceil(whole.length / DIGITS_PER_GROUP);
  const digits =
    whole.padStart(wholeGroups * DIGITS_PER_GROUP, '0') +
    fraction.padEnd(Math.ceil(fraction.length / DIGITS_PER_GROUP) * DIGITS_PER_GROUP, '0');
  const groups = digits.match(/\d{4}/g) ?? [];
  const first = groups.findIndex((group) => group !== '0000');
  const used = first < 0 ? 0 : groups.findLastIndex((group) => group !== '0000') - first + 1;
  const weight = wholeGroups - 1 - Math.max(first, 0);
  const isShort = fraction.length <= 63 && weight >= -64 && weight <= 63;
  return HEADER_BYTES + (isShort ? 2 : 4) + used * 2;
}

/** A number with all its digits and no exponent. */
function plainDecimal(n: number): string {
  const [, sign = '', whole = '', fraction = '', exponent] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(JSON.stringify(n)) ?? [];
  if (exponent === undefined) return JSON.stringify(n);
  const point = whole.length + Number(exponent);
  const digits = whole + fraction;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits.padEnd(point, '0')}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
