import { ServerError, validationFailed } from './error.ts';
import { isObject, type JsonObject, type JsonValue } from './json.ts';
import { excessOf, MAX_DEPTH, MAX_VALUES } from './json-limits.ts';
import { paramMalformed, paramMissing } from './param-error.ts';
import { parseRoomMessage, ROOM_OPS } from './rooms.ts';
import { parseStreamMessage, STREAM_OPS } from './streams.ts';
import { parseSyncMessage, SYNC_OPS } from './sync.ts';
import type { AddQueryMessage, InitMessage, RequestMessage, RequestOp, ReturnType, UpOp } from './up.ts';
import { isUuid } from './uuid.ts';

type ListedOp = (typeof ROOM_OPS | typeof SYNC_OPS | typeof STREAM_OPS)[number];

/**
 * The operations that are in none of the lists. A record, so that the compiler demands a new operation here unless a
 * list has it.
 */
const OTHER_OPS: Readonly<Record<Exclude<UpOp, ListedOp>, true>> = {
  init: true,
  'add-query': true,
  'remove-query': true,
  transact: true,
};

const OPS: ReadonlySet<string> = new Set([
  ...Object.keys(OTHER_OPS),
  ...ROOM_OPS,
  ...SYNC_OPS,
  ...STREAM_OPS,
]);

/** A frame holds more than {@link MAX_VALUES} values. */
export class TooManyValuesError extends ServerError {
  /** The limit, in words. */
  readonly limit: string;

  constructor() {
    const limit = `A message holds at most ${MAX_VALUES} JSON values`;
    super('param-malformed', `Malformed message: ${limit}`, { expected: limit });
    this.limit = limit;
    this.name = 'TooManyValuesError';
  }
}

/**
 * The event in one frame of a session.
 *
 * @throws {ServerError} when the frame is binary, is not JSON, nests too deep or holds anything but one object; a
 * {@link TooManyValuesError} when it holds too many values.
 */
export function decodeFrame(data: string | Uint8Array): JsonObject {
  if (typeof data !== 'string') throw malformedMessage('A message is text, and this one is binary');
  const excess = excessOf(data);
  if (excess === 'depth') throw malformedMessage(`A message nests at most ${MAX_DEPTH} levels deep`);
  if (excess === 'values') throw new TooManyValuesError();
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw malformedMessage('A message is JSON');
  }
  return asEvent(value);
}

/**
 * A value as an event.
 *
 * @throws {ServerError} when it is not an object.
 */
export function asEvent(value: unknown): JsonObject {
  if (!isObject(value)) throw malformedMessage('A message is one JSON object');
  return value as JsonObject;
}

/**
 * The operation that an event asks for.
 *
 * @throws {ServerError} `Invalid op` when there is no such operation.
 */
export function opOf(event: JsonObject): UpOp {
  const { op } = event;
  if (typeof op === 'string' && OPS.has(op)) return op as UpOp;
  throw new ServerError('param-malformed', 'Invalid op', { op: op ?? null });
}

/**
 * The fields of an `init`, checked.
 *
 * @throws {ServerError} when the app's id is missing or is not a UUID.
 */
export function parseInit(event: JsonObject): InitMessage {
  const appId = event['app-id'];
  if (appId === undefined || appId === null) throw paramMissing(['app-id']);
  if (!isUuid(appId)) throw paramMalformed(['app-id'], appId);
  return {
    op: 'init',
    appId: appId.toLowerCase(),
    refreshToken: event['refresh-token'] ?? undefined,
    adminToken: event['__admin-token'] ?? undefined,
    versions: parseVersions(event.versions),
  };
}

/**
 * The fields of an event that needs an open session, checked.
 *
 * @throws {ServerError} when a field is missing or invalid.
 */
export function parseRequest(op: RequestOp, event: JsonObject): RequestMessage {
  switch (op) {
    case 'add-query':
      return parseAddQuery(event);
    case 'remove-query':
      return { op, q: event.q ?? null };
    case 'transact':
      return { op, clientEventId: event['client-event-id'], steps: event['tx-steps'] };
    case 'join-room':
    case 'leave-room':
    case 'set-presence':
    case 'client-broadcast':
      return parseRoomMessage(op, event);
    case 'start-sync':
    case 'remove-sync':
    case 'resync-table':
      return parseSyncMessage(op, event);
    case 'start-stream':
    case 'append-stream':
    case 'subscribe-stream':
    case 'unsubscribe-stream':
      return parseStreamMessage(op, event);
  }
}

/** Package name to version, for as many entries as have a string. */
export function parseVersions(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  const entries = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}

function parseAddQuery(event: JsonObject): AddQueryMessage {
  const q = event.q ?? null;
  if (q === null) throw validationFailed('add-query', { q }, [{ message: 'Query can not be null.' }]);
  return { op: 'add-query', q, returnType: parseReturnType(event['return-type']) };
}

function parseReturnType(value: JsonValue | undefined): ReturnType {
  if (value === undefined || value === null) return 'join-rows';
  if (value === 'join-rows' || value === 'tree') return value;
  throw paramMalformed(['return-type'], value);
}

function malformedMessage(expected: string): ServerError {
  return new ServerError('param-malformed', `Malformed message: ${expected}`, { expected });
}
