import { beforeAll, describe, expect, test } from 'vitest';
import type { Attr } from '../../protocol/attr.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { Apps } from '../apps/apps.ts';
import { createHost } from '../create-host.ts';
import type { Backend } from '../index.ts';
import { createNoPersistence } from '../keep/no-persistence.ts';
import { resolveBackendOptions } from '../options.ts';
import { backendForTests } from '../testing/backend-for-tests.ts';
import { type Message, RawSession } from '../testing/raw-session.ts';
import { createTodoApp, type TodoApp, valuesOf } from '../testing/todos.ts';
import { Session } from './session.ts';

let todos: TodoApp;
const logged: unknown[] = [];

const backend = await backendForTests({ log: (entry) => logged.push(entry) });

const NEVER = '11111111-1111-4111-8111-111111111111';
/** A session lives on when it still answers this. */
async function expectAlive(session: RawSession): Promise<void> {
  expect(await session.ask({ op: 'remove-query', q: { alive: {} } })).toMatchObject({
    op: 'remove-query-ok',
  });
}

/** Sessions do the same whatever carries them. */
const TRANSPORTS: [name: string, uriOf: (backend: Backend) => string][] = [
  ['a WebSocket', ({ websocketURI }) => websocketURI],
  ['an event stream', ({ url }) => `${url}/runtime/sse`],
];

describe.each(TRANSPORTS)('over %s:', (transport, uriOf) => {
  beforeAll(() => {
    todos = createTodoApp(backend);
  });
  const server = {
    get websocketURI() {
      return uriOf(backend);
    },
  };
  const open = (fields?: JsonObject): Promise<RawSession> => RawSession.init(server, todos.app, fields);
  const connect = (): Promise<RawSession> => RawSession.open(server.websocketURI);

  describe('init', () => {
    test('is answered with the session, the app, the attributes and the status', async () => {
      const session = await connect();
      const answer = await session.ask({ op: 'init', 'app-id': todos.app.id.toUpperCase() });
      expect(answer).toMatchObject({
        op: 'init-ok',
        'session-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
        auth: {
          app: { id: todos.app.id, title: 'Local app', status: 'active' },
          user: null,
          'admin?': false,
        },
        'app-status': { status: 'active' },
        'trace-id': null,
      });
      expect(JSON.stringify(answer)).not.toContain(todos.app.adminToken);
      const ids = (answer.attrs as unknown as { id: string }[]).map((attr) => attr.id);
      expect(ids).toContain(todos.attr('todos', 'text'));
      expect(ids).toContain('96653230-13ff-ffff-a4b4-81ffffffffff');
      expect(ids).toEqual([...ids].sort());
      await session.close();
    });

    test('makes an admin of whoever presents the admin token', async () => {
      const session = await connect();
      const token = todos.app.adminToken;
      const answer = await session.ask({ op: 'init', 'app-id': todos.app.id, '__admin-token': token });
      expect(answer).toMatchObject({ op: 'init-ok', auth: { 'admin?': true } });
      const counted = await session.ask({ op: 'add-query', q: { people: { $: { aggregate: 'count' } } } });
      expect(counted).toMatchObject({
        op: 'add-query-ok',
        result: [{ data: { aggregate: { people: { count: 0 } } } }],
      });
      await session.close();
    });

    test.each<[string, JsonObject | (() => JsonObject), JsonObject]>([
      [
        'no app id',
        {},
        { type: 'param-missing', message: 'Missing parameter: ["app-id"]', hint: { in: ['app-id'] } },
      ],
      ['null for app id', { 'app-id': null }, { type: 'param-missing' }],
      [
        'an app id that is no uuid',
        { 'app-id': 'x' },
        {
          type: 'param-malformed',
          message: 'Malformed parameter: ["app-id"]',
          hint: { in: ['app-id'], 'original-input': 'x' },
        },
      ],
      ['an app id of another type', { 'app-id': [1] }, { type: 'param-malformed' }],
      [
        'an unknown app',
        { 'app-id': NEVER },
        {
          type: 'record-not-found',
          message: 'Record not found: app',
          hint: { args: [{ id: NEVER }], 'record-type': 'app' },
        },
      ],
      [
        'a refresh token of nobody',
        () => ({ 'app-id': todos.app.id, 'refresh-token': NEVER }),
        {
          type: 'record-not-found',
          message: 'Record not found: app-user',
          hint: { args: [{ 'refresh-token': NEVER }], 'record-type': 'app-user' },
        },
      ],
      [
        'a wrong admin token',
        () => ({ 'app-id': todos.app.id, '__admin-token': NEVER }),
        {
          type: 'record-not-found',
          message: 'Record not found: app-admin-token',
          hint: { 'record-type': 'app-admin-token', message: expect.stringContaining('admin token') },
        },
      ],
      [
        'an admin token of another type',
        () => ({ 'app-id': todos.app.id, '__admin-token': {} }),
        { type: 'record-not-found' },
      ],
    ])('refuses %s, and the session can still be opened', async (_case, fields, expected) => {
      const session = await connect();
      const answer = await session.ask({ op: 'init', ...(typeof fields === 'function' ? fields() : fields) });
      expect(answer).toMatchObject({
        op: 'error',
        status: 400,
        'original-event': { op: 'init' },
        ...expected,
      });
      expect(await session.ask({ op: 'init', 'app-id': todos.app.id })).toMatchObject({ op: 'init-ok' });
      await session.close();
    });

    test('is refused the second time, and the session stays as it is', async () => {
      const session = await open();
      expect(await session.ask({ op: 'init', 'app-id': 'whatever' })).toMatchObject({
        op: 'error',
        type: 'validation-failed',
        message: 'Validation failed for init: `init` has already run for this session.',
      });
      await expectAlive(session);
      await session.close();
    });

    test.each(['add-query', 'remove-query', 'transact', 'join-room', 'start-sync'])(
      'has to come before %s',
      async (op) => {
        const session = await connect();
        expect(await session.ask({ op })).toMatchObject({
          op: 'error',
          type: 'validation-failed',
          message: 'Validation failed for init: `init` has not run for this session.',
          'original-event': { op },
        });
        await session.close();
      },
    );
  });

  describe('add-query', () => {
    test('is answered with the result, and with the query as it was sent', async () => {
      const session = await open();
      const q = { todos: { $: { where: { text: 'none' }, limit: 1 } } };
      const answer = await session.ask({ op: 'add-query', q });
      expect(answer).toMatchObject({
        op: 'add-query-ok',
        q,
        'result-meta': null,
        'processed-tx-id': expect.any(Number),
      });
      expect(answer['processed-isn']).toMatch(/^0\/0\/[0-9A-F]+$/);
      expect(answer.result).toMatchObject([
        { data: { 'datalog-result': { 'join-rows': [[]] } }, 'child-nodes': [] },
      ]);
      await session.close();
    });

    test('is answered with add-query-exists for an equal query, until that is removed', async () => {
      const session = await open();
      const q = { todos: { $: { where: { text: 'a', position: 1 } } } };
      const same = { todos: { $: { where: { position: 1, text: 'a' } } } };
      expect((await session.ask({ op: 'add-query', q })).op).toBe('add-query-ok');
      const again = await session.ask({ op: 'add-query', q: same });
      expect(again).toMatchObject({ op: 'add-query-exists', q: same });
      expect(again).not.toHaveProperty('result');
      expect((await session.ask({ op: 'remove-query', q: same })).op).toBe('remove-query-ok');
      expect((await session.ask({ op: 'add-query', q })).op).toBe('add-query-ok');
      await session.close();
    });

    test('fails with an error that brings the query back, and can be tried again', async () => {
      const session = await open();
      const q = { todos: { $: { where: 'nonsense' } } };
      for (let i = 0; i < 2; i++) {
        expect(await session.ask({ op: 'add-query', q })).toMatchObject({
          op: 'error',
          status: 400,
          type: 'validation-failed',
          'original-event': { op: 'add-query', q, 'session-id': expect.any(String) },
        });
      }
      await session.close();
    });

    test.each([null, undefined])('refuses %s for a query', async (q) => {
      const session = await open();
      expect(await session.ask({ op: 'add-query', ...(q === null && { q }) })).toMatchObject({
        type: 'validation-failed',
        message: 'Validation failed for add-query: Query can not be null.',
      });
      await session.close();
    });

    test('gives an object tree where that is asked for', async () => {
      const session = await open();
      const id = crypto.randomUUID();
      await session.ask({ op: 'transact', 'tx-steps': todos.put('people', id, { name: 'Ada' }) });
      const q = { people: { $: { where: { id } } } };
      expect(await session.ask({ op: 'add-query', q, 'return-type': 'tree' })).toMatchObject({
        op: 'add-query-ok',
        result: { people: [{ id, name: 'Ada' }] },
        'result-meta': { 'page-info': {}, aggregate: {} },
      });
      await session.close();
    });
  });

  describe('remove-query', () => {
    test('is answered with remove-query-ok for a query that was never there', async () => {
      const session = await open();
      for (const q of [{ nobody: { asked: {} } }, null, 7, 'x', []] satisfies JsonValue[]) {
        expect(await session.ask({ op: 'remove-query', q })).toMatchObject({ op: 'remove-query-ok', q });
      }
      await session.close();
    });
  });

  describe('transact', () => {
    test('is answered with rising tx-ids, in the order sent', async () => {
      const session = await open();
      const sent = Array.from({ length: 20 }, (_, i) =>
        session.send({
          op: 'transact',
          'tx-steps': todos.put('todos', crypto.randomUUID(), { text: `t${i}` }),
        }),
      );
      const answers: Message[] = [];
      for (const _ of sent) answers.push(await session.nextOf('transact-ok'));
      expect(answers.map((answer) => answer['client-event-id'])).toEqual(sent);
      const txIds = answers.map((answer) => Number(answer['tx-id']));
      expect(txIds).toEqual([...txIds].sort((a, b) => a - b));
      expect(new Set(txIds).size).toBe(sent.length);
      expect(answers[0]?.isn).toMatch(/^0\/0\/[0-9A-F]+$/);
      await session.close();
    });

    test('that fails changes nothing, and names the event', async () => {
      const session = await open();
      const before = todos.app.snapshot();
      const id = crypto.randomUUID();
      const steps = [
        ...(todos.put('todos', id, { text: 'x' }) as JsonValue[]),
        ['add-triple', id, NEVER, 'y'],
      ];
      const answer = await session.ask({ op: 'transact', 'tx-steps': steps });
      expect(answer).toMatchObject({
        op: 'error',
        status: 400,
        'original-event': { op: 'transact', 'tx-steps': steps },
      });
      expect(todos.app.snapshot()).toEqual(before);
      await session.close();
    });

    test('sent again after a reconnect happens once, and is answered as it was then', async () => {
      const id = crypto.randomUUID();
      const event = {
        op: 'transact',
        'client-event-id': crypto.randomUUID(),
        'tx-steps': [['add-triple', id, todos.attr('todos', 'id'), id, { mode: 'create' }]],
      };
      const first = await open();
      const answer = await first.ask(event);
      expect(answer.op).toBe('transact-ok');
      await first.close();
      const second = await open();
      expect(await second.ask(event)).toEqual(answer);
      todos.app.setStatus('read-only');
      await second.nextOf('app-status-changed');
      expect(await second.ask(event)).toEqual(answer);
      todos.app.setStatus('active');
      await second.nextOf('app-status-changed');
      const fresh = await second.ask({ ...event, 'client-event-id': crypto.randomUUID() });
      expect(fresh).toMatchObject({
        op: 'error',
        message: expect.stringContaining('Creating entities that exist'),
      });
      await second.close();
    });

    test('that was refused is tried anew when it is sent again', async () => {
      const session = await open();
      const id = crypto.randomUUID();
      const event = {
        op: 'transact',
        'client-event-id': crypto.randomUUID(),
        'tx-steps': [['add-triple', id, todos.attr('todos', 'text'), 'x', { mode: 'update' }]],
      };
      expect((await session.ask(event)).op).toBe('error');
      await session.ask({ op: 'transact', 'tx-steps': todos.put('todos', id, {}) });
      expect((await session.ask(event)).op).toBe('transact-ok');
      await session.close();
    });

    test('is included in the results of queries that come after it', async () => {
      const session = await open();
      const id = crypto.randomUUID();
      const transact = session.send({ op: 'transact', 'tx-steps': todos.put('todos', id, { text: 'mine' }) });
      const answer = await session.ask({ op: 'add-query', q: { todos: { $: { where: { id } } } } });
      const { 'tx-id': txId } = await session.take((message) => message['client-event-id'] === transact);
      expect(Number(answer['processed-tx-id'])).toBeGreaterThanOrEqual(Number(txId));
      expect(valuesOf(answer.result, todos.attr('todos', 'text'))).toEqual(['mine']);
      await session.close();
    });
  });

  describe('a bad frame', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    // What is posted for an event stream is JSON, or the request is refused.
    test.runIf(transport === 'a WebSocket').each<[string, string | Uint8Array<ArrayBuffer>]>([
      ['no JSON', 'hello'],
      ['nothing', ''],
      ['half of a message', '{"op":"add-que'],
      ['an array', '[{"op":"init"}]'],
      ['a number', '42'],
      ['null', 'null'],
      ['a string', '"init"'],
      ['deep nesting', deep],
      ['deep nesting in a field', `{"op":"transact","tx-steps":${deep}}`],
      ['deep nesting that is never closed', '{"a":'.repeat(100_000)],
      ['bytes', new Uint8Array([123, 125])],
    ])('with %s is answered with an error, and the session lives on', async (_case, frame) => {
      const session = await open();
      session.sendRaw(frame);
      expect(await session.next()).toMatchObject({
        op: 'error',
        status: 400,
        type: 'param-malformed',
        'original-event': null,
      });
      await expectAlive(session);
      await session.close();
    });

    const odd: JsonValue[] = [
      null,
      true,
      0,
      -1,
      1e308,
      '',
      'x',
      [],
      [[]],
      {},
      { $: null },
      ['add-triple'],
      { constructor: 1 },
    ];
    const fields: [string, string[]][] = [
      ['init', ['app-id', 'refresh-token', '__admin-token', 'versions']],
      ['add-query', ['q', 'return-type']],
      ['remove-query', ['q']],
      ['transact', ['tx-steps', 'created', 'order', 'error']],
      ['join-room', ['room-id', 'data']],
      ['set-presence', ['data']],
    ];
    test.each(fields)(
      'with %s and fields of any type gets one answer each, and the session lives on',
      async (op, names) => {
        const session = await open();
        logged.length = 0;
        for (const name of names) {
          for (const value of odd) {
            const answer = await session.ask({ op, q: { todos: {} }, 'tx-steps': [], [name]: value });
            expect(answer.op, JSON.stringify({ op, [name]: value })).toMatch(
              /^(error|.*-ok|add-query-exists)$/,
            );
            if (answer.op === 'error') expect(answer.status, JSON.stringify(answer)).toBe(400);
          }
        }
        expect(logged).toEqual([]);
        await expectAlive(session);
        await session.close();
      },
    );

    test.each<JsonValue>([null, 7, 'nope', ['init'], { op: 'init' }, 'constructor', '__proto__'])(
      'with op %j is an invalid op',
      async (op) => {
        const session = await open();
        expect(await session.ask({ op })).toMatchObject({
          op: 'error',
          status: 400,
          type: 'param-malformed',
          message: 'Invalid op',
          hint: { op },
        });
        await session.close();
      },
    );

    test('with a client-event-id of any type gets that back', async () => {
      const session = await open();
      for (const id of [1, null, ['a'], { b: 1 }] satisfies JsonValue[]) {
        session.sendRaw(JSON.stringify({ op: 'transact', 'tx-steps': [], 'client-event-id': id }));
        expect(await session.next()).toMatchObject({ op: 'transact-ok', 'client-event-id': id });
      }
      session.sendRaw('{"op":"remove-query"}');
      const answer = await session.next();
      expect(answer).toMatchObject({ op: 'remove-query-ok', q: null });
      expect(answer).not.toHaveProperty('client-event-id');
      await session.close();
    });
  });

  describe('status', () => {
    test('that changes is told to every session, and decides what is served', async () => {
      const { app, put } = createTodoApp(backend);
      const a = await RawSession.init(server, app);
      const b = await RawSession.init(server, app);
      const write = { op: 'transact', 'tx-steps': put('todos', crypto.randomUUID(), { text: 'x' }) };

      app.setStatus('read-only');
      for (const session of [a, b]) {
        expect(await session.next()).toMatchObject({ op: 'app-status-changed', status: 'read-only' });
      }
      expect(await a.ask(write)).toMatchObject({
        type: 'app-read-only',
        message: 'This app is in read-only mode.',
        hint: { status: 'read-only' },
      });
      expect((await a.ask({ op: 'add-query', q: { todos: {} } })).op).toBe('add-query-ok');

      app.setStatus('disabled');
      expect(await b.next()).toMatchObject({ op: 'app-status-changed', status: 'disabled' });
      for (const event of [write, { op: 'add-query', q: { people: {} } }]) {
        expect(await b.ask(event)).toMatchObject({
          type: 'app-disabled',
          message: 'This app is currently disabled.',
          hint: { status: 'disabled' },
        });
      }
      const late = await connect();
      expect(await late.ask({ op: 'init', 'app-id': app.id })).toMatchObject({
        op: 'init-ok',
        'app-status': { status: 'disabled' },
      });

      app.setStatus('active');
      expect((await b.ask(write)).op).toBe('transact-ok');
      await Promise.all([a.close(), b.close(), late.close()]);
    });
  });
});

test('a client that leaves too much unread is cut off', () => {
  const host = createHost(resolveBackendOptions({}), createNoPersistence());
  const closes: number[] = [];
  const peer = { send: () => {}, close: (code: number) => closes.push(code), bufferedAmount: 0 };
  const session = new Session(peer, new Apps(host), host);
  session.receive('{"op":"init"}');
  expect(closes).toEqual([]);
  peer.bufferedAmount = 2 ** 40;
  session.receive('{"op":"init"}');
  expect(closes).toEqual([1013]);
});

test('a session may have so much in its live queries, and no more until some are removed', () => {
  const host = createHost(resolveBackendOptions({}), createNoPersistence());
  const apps = new Apps(host);
  const { app } = apps.create({ id: crypto.randomUUID(), title: 'large', ephemeral: false });
  const e = crypto.randomUUID();
  const attrOf = (label: string): Attr => ({
    id: crypto.randomUUID(),
    'forward-identity': [crypto.randomUUID(), 'notes', label],
    'value-type': 'blob',
    cardinality: 'one',
    'unique?': label === 'id',
    'index?': false,
    catalog: 'user',
  });
  const [id, text] = [attrOf('id'), attrOf('text')];
  app.load({
    attrs: [id, text],
    triples: [
      [e, id.id, e, 1],
      [e, text.id, 'x'.repeat(30_000_000), 1],
    ],
  });
  const heard: JsonObject[] = [];
  const peer = {
    send: (sent: string) =>
      heard.push({ op: /"op":"([a-z-]+)"/.exec(sent)?.[1], text: sent.slice(0, 2_000) }),
    close: () => {},
    bufferedAmount: 0,
  };
  const session = new Session(peer, apps, host);
  const tell = (event: JsonObject): JsonObject | undefined => {
    session.receive(JSON.stringify(event));
    return heard.at(-1);
  };
  tell({ op: 'init', 'app-id': app.identity.id });
  // Each is another query with the same result.
  const queries = Array.from({ length: 9 }, (_, i) => ({ notes: {}, $$ruleParams: { i } }));
  const ops = queries.map((q) => tell({ op: 'add-query', q })?.op);
  expect(ops).toEqual([...Array(8).fill('add-query-ok'), 'error']);
  expect(heard.at(-1)?.text).toContain('at most 268435456 characters in all');
  expect(app.sessions.live.size).toBe(8);
  tell({ op: 'remove-query', q: queries[0] ?? null });
  expect(tell({ op: 'add-query', q: queries[8] ?? null })?.op).toBe('add-query-ok');
  session.closed();
  expect(app.sessions.live.size).toBe(0);
});
