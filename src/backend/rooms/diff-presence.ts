import { canonicalJson, isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import type { PresenceEdit, PresenceEntry } from '../../protocol/rooms.ts';

/** The presence of a room by session id. Entries are immutable: they are replaced, never modified. */
export type RoomState = ReadonlyMap<string, PresenceEntry>;

type Path = readonly (string | number)[];

/** The edits that turn one state of a room into the other. */
export function diffPresence(before: RoomState, after: RoomState): PresenceEdit[] {
  const edits: PresenceEdit[] = [];
  for (const [id, entry] of after) {
    const known = before.get(id);
    if (known === undefined) edits.push([[id], '+', entry as unknown as JsonValue]);
    else if (known !== entry) compareEntries(id, known, entry, edits);
  }
  for (const id of before.keys()) if (!after.has(id)) edits.push([[id], '-']);
  return edits;
}

function compareEntries(
  id: string,
  before: PresenceEntry,
  after: PresenceEntry,
  edits: PresenceEdit[],
): void {
  if (before.user?.id !== after.user?.id) edits.push([[id, 'user'], 'r', after.user]);
  compare([id, 'data'], before.data, after.data, edits);
}

function compare(path: Path, before: JsonValue, after: JsonValue, edits: PresenceEdit[]): void {
  if (before === after) return;
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [i, item] of after.entries()) compare([...path, i], before[i] ?? null, item, edits);
  } else if (isComparable(before) && isComparable(after)) {
    compareFields(path, before, after, edits);
  } else if (canonicalJson(before) !== canonicalJson(after)) {
    edits.push([[...path], 'r', after]);
  }
}

/**
 * Whether an object can be edited key by key. Core's client removes an object from its parent with its last key, so one
 * that is or becomes empty is replaced as a whole; and its assignment does not treat `__proto__` as a key.
 */
function isComparable(value: JsonValue): value is JsonObject {
  return isObject(value) && Object.keys(value).length > 0 && !Object.hasOwn(value, '__proto__');
}

// Existing keys first, then new ones, as on the official server. If no existing key remains, additions go first,
// because the object must not be empty even between edits.
function compareFields(path: Path, before: JsonObject, after: JsonObject, edits: PresenceEdit[]): void {
  const added = Object.entries(after).flatMap(([key, value]): PresenceEdit[] =>
    Object.hasOwn(before, key) ? [] : [[[...path, key], '+', value ?? null]],
  );
  const staying = Object.keys(before).some((key) => Object.hasOwn(after, key));
  if (!staying) edits.push(...added);
  for (const [key, value] of Object.entries(before)) {
    if (Object.hasOwn(after, key)) compare([...path, key], value ?? null, after[key] ?? null, edits);
    else edits.push([[...path, key], '-']);
  }
  if (staying) edits.push(...added);
}
