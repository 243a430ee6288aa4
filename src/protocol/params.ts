import type { JsonObject, JsonValue } from './json.ts';
import { paramMalformed, paramMissing } from './param-error.ts';
import { isUuid } from './uuid.ts';

/** Reads a field: returns the value in the form in which it is used, or undefined when it is not valid. */
export type Read<T> = (value: JsonValue) => T | undefined;

/**
 * Reads a required field.
 *
 * @throws {ServerError} `param-missing` or `param-malformed`, naming the field.
 */
export function required<T>(event: JsonObject, name: string, read: Read<T>): T {
  const value = optional(event, name, read);
  if (value === undefined) throw paramMissing([name]);
  return value;
}

/**
 * Reads a field that may be absent or null.
 *
 * @throws {ServerError} `param-malformed`, naming the field.
 */
export function optional<T>(event: JsonObject, name: string, read: Read<T>): T | undefined {
  const given = Object.hasOwn(event, name) ? (event[name] ?? null) : null;
  if (given === null) return undefined;
  const value = read(given);
  if (value === undefined) throw paramMalformed([name], given);
  return value;
}

/** Any text. */
export const text: Read<string> = (value) => (typeof value === 'string' ? value : undefined);

/** A text that is not blank, trimmed. */
export const wording: Read<string> = (value) =>
  typeof value === 'string' ? value.trim() || undefined : undefined;

/** A UUID, in lower case. */
export const uuid: Read<string> = (value) => (isUuid(value) ? value.toLowerCase() : undefined);

/** True or false. */
export const flag: Read<boolean> = (value) => (typeof value === 'boolean' ? value : undefined);

/** A non-negative integer. */
export const count: Read<number> = (value) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined;

/** An object. */
export const record: Read<JsonObject> = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
