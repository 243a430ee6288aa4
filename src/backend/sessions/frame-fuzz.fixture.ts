import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { VERSIONS } from '../testing/raw-session.ts';

/** What valid frames refer to: the ids that are currently valid in this app and session. */
export interface FrameFacts {
  readonly appId: string;
  readonly attr: (etype: string, label: string) => string;
  /** Entities to write. They are few, so that the app's data does not grow with the number of frames. */
  readonly entities: readonly string[];
  readonly clientId: string;
  readonly reconnectToken: string;
  readonly streamId: string;
  readonly subscription: { readonly id: string; readonly token: string; readonly txId: number };
}

type Draw = () => number;

const ODD_KEYS = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length', 'then', 'toJSON'],
  ...[
    '',
    '$',
    '$$',
    '$in',
    '$or',
    '$not',
    '$like',
    '$isNull',
    'id',
    'op',
    '0',
    '-1',
    'a.b.c',
    '\u0000',
    '😀',
  ],
];

const NUMBERS = [0, -0, -1, 0.1, 1e308, -1e308, 5e-324, 2 ** 31, 2 ** 53, -(2 ** 63), 2 ** 64, 1e21, 65_536];

const ODD_VALUES: readonly JsonValue[] = [
  ...[
    null,
    true,
    false,
    '',
    ' ',
    'id',
    'not-a-uuid',
    '1970-01-01',
    'constructor',
    '__proto__',
    '%_\\',
    '\ud800',
  ],
  ...[
    [],
    {},
    [[]],
    [null],
    [{}],
    { $: null },
    { $: {} },
    { $: { where: [] } },
    ['add-triple'],
    [1, 'a', null],
  ],
  ...['x'.repeat(1_025), 'é\u0000'.repeat(4_000), Array<JsonValue>(300).fill(0)],
  JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}}}'),
];

function pick<T>(draw: Draw, choices: readonly T[]): T {
  return choices[Math.floor(draw() * choices.length)] as T;
}

/** Valid frames that open a session for an app. */
export function goodInits(appId: string, adminToken: string, userToken: string): JsonObject[] {
  const versions = VERSIONS;
  return [
    { op: 'init', 'app-id': appId, versions },
    { op: 'init', 'app-id': appId, versions, 'refresh-token': appId },
    { op: 'init', 'app-id': appId, versions, 'refresh-token': userToken },
    { op: 'init', 'app-id': appId, versions, '__admin-token': adminToken },
  ];
}

/** A valid frame of every client operation, and several of the complex ones. */
export function goodFrames(facts: FrameFacts): JsonObject[] {
  const queries = goodQueries(facts);
  return [
    { op: 'init', 'app-id': facts.appId, versions: VERSIONS },
    ...queries.map((q) => ({ op: 'add-query', q })),
    ...queries.map((q) => ({ op: 'add-query', q, 'return-type': 'tree' })),
    ...queries.map((q) => ({ op: 'remove-query', q })),
    ...goodTransactions(facts).map((steps) => ({ op: 'transact', 'tx-steps': steps })),
    ...goodRealtime(facts),
  ];
}

function goodQueries({ entities: [id = ''] }: FrameFacts): JsonObject[] {
  return [
    { todos: {} },
    { todos: { owner: { todos: {} } }, people: {} },
    { todos: { $: { where: { id } } } },
    { todos: { $: { where: { 'owner.name': 'Ada', position: { $gt: 1, $lte: 9 } } } } },
    { todos: { $: { where: { or: [{ text: { $like: '%a_' } }, { and: [{ text: { $isNull: true } }] }] } } } },
    { todos: { $: { where: { position: { $in: [1, 2] }, text: { $not: 'x' } }, fields: ['text'] } } },
    { todos: { $: { order: { position: 'desc' }, limit: 3, offset: 1 } } },
    { todos: { $: { order: { serverCreatedAt: 'asc' }, first: 2, after: [id, id, 1, 1] } } },
    { todos: { $: { aggregate: 'count' } } },
    { todos: { $$ruleParams: { secret: 'x' } }, $$ruleParams: { secret: 'y' } },
    { $users: {}, $files: { $: { limit: 1 } }, $streams: {} },
  ];
}

function goodTransactions({ attr, entities, streamId }: FrameFacts): JsonValue[][] {
  const [a = '', b = '', c = ''] = entities;
  const todo = attr('todos', 'id');
  const text = attr('todos', 'text');
  const update = { mode: 'update' };
  const flag = {
    id: c,
    'forward-identity': [b, 'todos', 'flag'],
    'value-type': 'blob',
    cardinality: 'one',
    'unique?': false,
    'index?': false,
  };
  return [
    [...[a, b, c].map((e) => ['add-triple', e, todo, e]), ['add-triple', a, text, 'a']],
    [['add-triple', b, todo, b, { mode: 'create' }]],
    [
      ['add-triple', a, todo, a, update],
      ['add-triple', a, attr('todos', 'position'), 7, update],
    ],
    [
      ['add-triple', c, attr('people', 'id'), c],
      ['add-triple', c, attr('people', 'name'), 'Ada'],
    ],
    [
      ['add-triple', a, attr('todos', 'owner'), c],
      ['retract-triple', b, attr('todos', 'owner'), c],
    ],
    [['add-triple', a, attr('todos', 'owner'), [attr('people', 'name'), 'Ada']]],
    [['add-triple', [attr('people', 'name'), 'Ada'], attr('people', 'id'), [attr('people', 'name'), 'Ada']]],
    [['deep-merge-triple', a, attr('todos', 'meta'), { deep: { er: [1, null] }, gone: null }, update]],
    [['add-triple', a, attr('todos', 'due'), '2026-02-30T25:00:00Z']],
    [
      ['rule-params', a, 'todos', { secret: 'x' }],
      ['delete-entity', b, 'todos'],
    ],
    [
      ['delete-entity', a],
      ['delete-entity', streamId, '$streams'],
    ],
    [
      ['add-attr', flag],
      ['add-triple', a, c, true],
    ],
    [['update-attr', { id: c, 'index?': true, 'checked-data-type': 'boolean' }]],
    [
      ['delete-attr', c],
      ['restore-attr', c],
    ],
  ];
}

function goodRealtime({ clientId, reconnectToken, streamId, subscription }: FrameFacts): JsonObject[] {
  const room = { 'room-id': 'hall', 'room-type': 'halls' };
  const sync = { 'subscription-id': subscription.id };
  return [
    { op: 'join-room', ...room, data: { cursor: { x: 1, y: [2, { z: 3 }] } } },
    { op: 'join-room', ...room },
    { op: 'set-presence', ...room, data: { cursor: { x: 2, y: [] }, name: 'Ada' } },
    { op: 'client-broadcast', ...room, topic: 'emoji', data: { name: 'wave', times: [1, 2] } },
    { op: 'leave-room', ...room },
    { op: 'start-sync', q: { todos: { $: { order: { position: 'desc' } } } } },
    { op: 'resync-table', ...sync, token: subscription.token, 'tx-id': subscription.txId },
    { op: 'remove-sync', ...sync, 'keep-subscription': true },
    { op: 'start-stream', 'client-id': clientId, 'reconnect-token': reconnectToken, 'rule-params': { a: 1 } },
    { op: 'append-stream', 'stream-id': streamId, offset: 0, chunks: ['some', 'é'], done: false },
    {
      op: 'append-stream',
      'stream-id': streamId,
      offset: 0,
      chunks: [],
      done: true,
      'abort-reason': 'tired',
    },
    { op: 'subscribe-stream', 'stream-id': streamId, offset: 0 },
    { op: 'subscribe-stream', 'client-id': clientId, 'rule-params': {} },
    { op: 'subscribe-stream', 'client-event-id': clientId, 'client-id': clientId },
    { op: 'unsubscribe-stream', 'subscribe-event-id': clientId },
  ];
}

/** A frame that starts out as one of `good` and is usually corrupted in one to three places. */
export function randomFrame(
  draw: Draw,
  good: readonly JsonObject[],
  eventId: string,
): string | Uint8Array<ArrayBuffer> {
  const event: JsonValue = structuredClone({ 'client-event-id': eventId, ...pick(draw, good) });
  const kind = draw();
  if (kind < 0.1) return JSON.stringify(event);
  if (kind < 0.85) {
    let spoilt: JsonValue = event;
    for (let n = 1 + Math.floor(draw() * 3); n > 0; n--) spoilt = spoilValue(draw, spoilt, pick(draw, good));
    return JSON.stringify(spoilt);
  }
  return spoilText(draw, JSON.stringify(event));
}

/** A copy of `value`, corrupted in one place at any depth. */
function spoilValue(draw: Draw, value: JsonValue, donor: JsonValue): JsonValue {
  const isInner = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  if (!isInner || draw() < 0.08) return replacement(draw, value, donor);
  const entries = Object.entries(value) as [string, JsonValue][];
  const spoilt = spoilEntries(draw, entries, donor);
  // `fromEntries` makes even `__proto__` a field of its own.
  return Array.isArray(value) ? spoilt.map(([, old]) => old) : Object.fromEntries(spoilt);
}

type Entries = [key: string, value: JsonValue][];

function spoilEntries(draw: Draw, entries: Entries, donor: JsonValue): Entries {
  const at = Math.floor(draw() * entries.length);
  const [key, child] = entries[at] as Entries[number];
  const rest = entries.toSpliced(at, 1);
  const change = draw();
  if (change < 0.08) return rest;
  if (change < 0.14) return [...rest, [pick(draw, ODD_KEYS), child]];
  if (change < 0.2) return [...entries, [pick(draw, ODD_KEYS), replacement(draw, child, donor)]];
  if (change < 0.24) return [...entries, ...entries];
  return entries.with(at, [key, spoilValue(draw, child, donor)]);
}

function replacement(draw: Draw, value: JsonValue, donor: JsonValue): JsonValue {
  const kind = draw();
  if (kind < 0.45) return structuredClone(pick(draw, ODD_VALUES));
  if (kind < 0.6) return pick(draw, NUMBERS);
  if (kind < 0.68) return { [pick(draw, ODD_KEYS)]: value };
  if (kind < 0.76) return [value, value];
  if (kind < 0.8) return nested(draw, value);
  if (kind < 0.82) return 'y'.repeat(40_000);
  if (kind < 0.92) return structuredClone(donor);
  return typeof value === 'string'
    ? value.slice(0, Math.floor(draw() * value.length))
    : JSON.stringify(value);
}

function nested(draw: Draw, value: JsonValue): JsonValue {
  const key = pick(draw, ['$', 'owner', 'or', '$not', 'a']);
  const inArray = draw() < 0.5;
  let result = value;
  for (let depth = Math.floor(draw() * 480); depth > 0; depth--) {
    result = inArray ? [result] : key === 'or' ? { or: [result] } : { [key]: result };
  }
  return result;
}

function spoilText(draw: Draw, text: string): string | Uint8Array<ArrayBuffer> {
  const at = Math.floor(draw() * text.length);
  const rest = text.slice(at);
  switch (Math.floor(draw() * 9)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return rest;
    case 2:
      return text.slice(0, at) + String.fromCharCode(Math.floor(draw() * 0xd800)) + rest.slice(1);
    case 3:
      return text + text;
    case 4:
      return new TextEncoder().encode(text);
    case 5:
      return Uint8Array.from({ length: at }, () => Math.floor(draw() * 256));
    case 6:
      return text.replace(/"[^"]*"(?=[,}\]])/, '['.repeat(1_000 * (1 + at)).slice(0, 20_000));
    case 7:
      return text.replace(/:[^:,{}[\]]+(?=[,}])/, ':1e999');
    default:
      return pick(draw, [
        '',
        'null',
        '[]',
        '0',
        '"init"',
        '{}',
        '[{"op":"init"}]',
        '{"op":null}',
        '\ufeff{}',
      ]);
  }
}
