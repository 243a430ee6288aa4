import { randomUUID } from 'node:crypto';
import { attrs, resultOf } from './fake-instant.ts';
import type { Message } from './socket-server.ts';

const trace = { 'trace-id': null };
const user = { email: 'a@b.c', id: randomUUID() };
const sync = { 'subscription-id': randomUUID(), token: 't' };
const stream = { 'stream-id': randomUUID(), 'client-id': 'c' };
const triple = [randomUUID(), attrs[0]?.id, 'x', 1];

/** One good frame of each kind that a server sends, with every field that core reads (protocol §1, §9, §10). */
export function downFrames(roomId: string, q: object): Message[] {
  const original = { q, op: 'add-query', 'trace-id': 'a' };
  const computation = {
    'instaql-query': q,
    'instaql-query-hash': 'h',
    'instaql-result': resultOf({ [randomUUID()]: 'good' }),
    'result-meta': null,
    'result-changed?': true,
    'duration-ms': 1,
  };
  return [
    {
      op: 'init-ok',
      'session-id': randomUUID(),
      attrs,
      auth: { user },
      'app-status': { status: 'active' },
      ...trace,
    },
    {
      op: 'add-query-ok',
      q,
      result: resultOf({ [randomUUID()]: 'good' }),
      'result-meta': null,
      'processed-tx-id': 1,
    },
    { op: 'add-query-exists', q, ...trace },
    { op: 'remove-query-ok', q, ...trace },
    { op: 'refresh-ok', 'processed-tx-id': 2, computations: [computation], attrs, ...trace },
    { op: 'transact-ok', 'client-event-id': randomUUID(), 'tx-id': 3, isn: '0/0/3', ...trace },
    { op: 'app-status-changed', status: 'active', ...trace },
    {
      op: 'error',
      status: 400,
      'original-event': original,
      type: 'validation-failed',
      message: 'No',
      hint: { a: 1 },
    },
    { op: 'error', status: 400, 'original-event': { op: 'init' }, type: 'record-not-found', message: 'No' },
    { op: 'error', status: 400, 'original-event': { op: 'resync-table', ...sync }, message: 'No' },
    { op: 'error', status: 400, 'original-event': { op: 'start-sync', q }, message: 'No' },
    { op: 'error', status: 400, 'original-event': { op: 'append-stream', ...stream }, message: 'No' },
    { op: 'join-room-ok', 'room-id': roomId, ...trace },
    {
      op: 'refresh-presence',
      'room-id': roomId,
      data: { s: { 'peer-id': 's', user: null, data: { nickname: 'A' } } },
    },
    { op: 'patch-presence', 'room-id': roomId, edits: [[['s', 'data', 'nickname'], '+', 'B']] },
    {
      op: 'server-broadcast',
      'room-id': roomId,
      topic: 'wave',
      data: { 'peer-id': 's', data: { hand: 'left' } },
    },
    { op: 'join-room-error', 'room-id': roomId, error: 'No' },
    { op: 'leave-room-ok', 'room-id': roomId, ...trace },
    { op: 'start-sync-ok', q, ...sync, ...trace },
    { op: 'sync-load-batch', ...sync, 'join-rows': [[triple]] },
    { op: 'sync-init-finish', ...sync, 'tx-id': 1 },
    { op: 'sync-update-triples', ...sync, txes: [{ 'tx-id': 2, changes: [{ action: 'added', triple }] }] },
    { op: 'start-stream-ok', ...stream, 'client-event-id': randomUUID(), offset: 0 },
    { op: 'stream-flushed', ...stream, offset: 1, done: false },
    { op: 'append-failed', ...stream },
    {
      op: 'stream-append',
      ...stream,
      'client-event-id': randomUUID(),
      offset: 0,
      content: 'x',
      files: [],
      done: false,
    },
  ];
}

/** Every place in `value` that holds something, as the steps to it. */
export function placesIn(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  return [path, ...[...keys].flatMap((key) => placesIn((value as never)[key], [...path, key]))];
}

/** A copy of `value` with something else at one place; `remove` stands for nothing at all. */
export function replaced(value: unknown, [key, ...rest]: (string | number)[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<
    string | number,
    unknown
  >;
  if (rest.length === 0 && by === remove) delete copy[key];
  else copy[key] = replaced(copy[key], rest, by);
  return copy;
}

/** See {@link replaced}. */
export const remove: unique symbol = Symbol('remove');

/** What a field may hold that ought not to be there. */
export const wrongValues: readonly unknown[] = [
  remove,
  null,
  true,
  -1,
  1e300,
  '',
  'x',
  [],
  [null],
  {},
  { a: [1] },
];

/** A copy of `value` in which every text of a row, a presence or a broadcast says `text`: what a user would see. */
export function replacedAll<T>(value: T, text: string): T {
  return JSON.parse(JSON.stringify(value).replaceAll(/"(good|A|B|left|x)"/g, JSON.stringify(text)));
}
