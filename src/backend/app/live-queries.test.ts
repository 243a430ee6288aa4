import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonValue } from '../../protocol/json.ts';
import { backendForTests } from '../testing/backend-for-tests.ts';
import { type Message, RawSession } from '../testing/raw-session.ts';
import { computationsOf, createTodoApp, type TodoApp, valuesOf } from '../testing/todos.ts';

let todos: TodoApp;

// All at a stretch, however busy the machine is; what comes of slices is for slices.test.ts.
const backend = await backendForTests({ sliceMs: Number.POSITIVE_INFINITY });

const id = (): string => crypto.randomUUID();

beforeEach(() => {
  todos = createTodoApp(backend);
  // The first value of a kind under an attribute changes the attribute; these tests want that behind them.
  const text = todos.attr('todos', 'text');
  todos.app.load({ triples: [[id(), text, 'seed', 1]] });
});

const open = (): Promise<RawSession> => RawSession.init(backend, todos.app);

async function write(
  session: RawSession,
  etype: string,
  entity: string,
  values: Record<string, JsonValue>,
): Promise<number> {
  const answer = await session.ask({ op: 'transact', 'tx-steps': todos.put(etype, entity, values) });
  expect(answer.op).toBe('transact-ok');
  return Number(answer['tx-id']);
}

/** Makes the attributes know the kinds of value that a test will write, so that they stay as they are from there on. */
async function warmUp(): Promise<void> {
  const session = await open();
  await write(session, 'todos', id(), { text: 'warm', position: 1 });
  await write(session, 'people', id(), { name: 'warm' });
  await session.close();
}

const textsOf = (message: Message): JsonValue[] =>
  computationsOf(message).flatMap((it) => valuesOf(it['instaql-result'], todos.attr('todos', 'text')));

describe('refresh-ok', () => {
  test('brings the new result of the one query that a transaction concerns', async () => {
    await warmUp();
    const writer = await open();
    const reader = await open();
    const mine = id();
    const q = { todos: { $: { where: { id: mine } } } };
    await reader.ask({ op: 'add-query', q });
    await reader.ask({ op: 'add-query', q: { people: {} } });
    const txId = await write(writer, 'todos', mine, { text: 'new' });
    const refresh = await reader.next();
    expect(refresh).toMatchObject({
      op: 'refresh-ok',
      'processed-tx-id': txId,
      'processed-isn': expect.stringMatching(/^0\/0\//),
      'trace-id': null,
      computations: [
        {
          'instaql-query': q,
          'result-meta': null,
          'result-changed?': true,
          'duration-ms': expect.any(Number),
        },
      ],
    });
    expect(refresh).not.toHaveProperty('attrs');
    expect(textsOf(refresh)).toEqual(['new']);
    await Promise.all([writer.close(), reader.close()]);
  });

  test('is not sent for transactions that change no result', async () => {
    await warmUp();
    const writer = await open();
    const reader = await open();
    const [mine, other] = [id(), id()];
    await write(writer, 'todos', mine, { text: 'a' });
    await reader.ask({ op: 'add-query', q: { todos: { $: { where: { id: mine } } } } });
    await write(writer, 'todos', other, { text: 'unrelated' });
    await write(writer, 'people', id(), { name: 'unrelated' });
    await write(writer, 'todos', mine, { text: 'a' });
    const txId = await write(writer, 'todos', mine, { text: 'b' });
    const refresh = await reader.next();
    expect(refresh).toMatchObject({ op: 'refresh-ok', 'processed-tx-id': txId });
    expect(textsOf(refresh)).toEqual(['b']);
    expect(reader.pending).toEqual([]);
    await Promise.all([writer.close(), reader.close()]);
  });

  test('reaches the writer as well, and comes after its transact-ok', async () => {
    await warmUp();
    const session = await open();
    await session.ask({ op: 'add-query', q: { todos: {} } });
    const mine = id();
    session.send({ op: 'transact', 'tx-steps': todos.put('todos', mine, { text: 'own' }) });
    const ok = await session.next();
    expect(ok.op).toBe('transact-ok');
    const refresh = await session.next();
    expect(refresh).toMatchObject({ op: 'refresh-ok', 'processed-tx-id': ok['tx-id'] });
    expect(textsOf(refresh)).toContain('own');
    await session.close();
  });

  test('gathers transactions that arrive together', async () => {
    await warmUp();
    const session = await open();
    await session.ask({ op: 'add-query', q: { todos: {} } });
    const count = 50;
    for (let i = 0; i < count; i++) {
      session.send({ op: 'transact', 'tx-steps': todos.put('todos', id(), { text: `t${i}` }) });
    }
    let last = 0;
    let refreshes = 0;
    let stamp = 0;
    for (let answered = 0; answered < count || stamp < last; ) {
      const message = await session.next();
      if (message.op === 'transact-ok') {
        answered++;
        last = Number(message['tx-id']);
      } else {
        refreshes++;
        expect(Number(message['processed-tx-id'])).toBeGreaterThan(stamp);
        stamp = Number(message['processed-tx-id']);
        if (stamp === last && answered === count) expect(textsOf(message)).toHaveLength(count + 1);
      }
    }
    expect(refreshes).toBeLessThan(count);
    await session.close();
  });

  test('goes to every session with an equal query, once', async () => {
    await warmUp();
    const sessions = await Promise.all(Array.from({ length: 5 }, open));
    const [writer] = sessions as [RawSession];
    for (const session of sessions) {
      await session.ask({ op: 'add-query', q: { todos: { $: { where: { text: 'shared' } } } } });
    }
    const txId = await write(writer, 'todos', id(), { text: 'shared' });
    for (const session of sessions) {
      const refresh = await session.nextOf('refresh-ok');
      expect(refresh['processed-tx-id']).toBe(txId);
      expect(textsOf(refresh)).toEqual(['shared']);
    }
    await Promise.all(sessions.map((session) => session.close()));
  });

  test('no longer comes for a removed query, and still for others with the same query', async () => {
    await warmUp();
    const a = await open();
    const b = await open();
    const q = { todos: {} };
    await b.ask({ op: 'add-query', q });
    const c = await open();
    await c.ask({ op: 'add-query', q });
    await b.ask({ op: 'remove-query', q });
    await write(a, 'todos', id(), { text: 'x' });
    expect((await c.next()).op).toBe('refresh-ok');
    const alive = await b.ask({ op: 'remove-query', q });
    expect(alive.op).toBe('remove-query-ok');
    expect(b.pending).toEqual([]);
    await c.close();
    await write(a, 'todos', id(), { text: 'y' });
    await Promise.all([a.close(), b.close()]);
  });

  test('stays within its app', async () => {
    const other = createTodoApp(backend);
    const here = await open();
    const there = await RawSession.init(backend, other.app);
    await there.ask({ op: 'add-query', q: { todos: {} } });
    await here.ask({ op: 'add-query', q: { todos: {} } });
    await write(here, 'todos', id(), { text: 'here' });
    expect((await here.nextOf('refresh-ok')).op).toBe('refresh-ok');
    await there.ask({ op: 'remove-query', q: {} });
    expect(there.pending).toEqual([]);
    expect(other.app.snapshot().triples).toEqual([]);
    await Promise.all([here.close(), there.close()]);
  });

  test('comes for a data set that is loaded', async () => {
    const session = await open();
    await session.ask({ op: 'add-query', q: { todos: {} } });
    const mine = id();
    todos.app.load({
      triples: [
        [mine, todos.attr('todos', 'id'), mine, 7],
        [mine, todos.attr('todos', 'text'), 'loaded', 7],
      ],
    });
    expect(textsOf(await session.nextOf('refresh-ok'))).toContain('loaded');
    await session.close();
  });
});

describe('attributes', () => {
  const newAttr = (label: string) => ({
    id: id(),
    'value-type': 'blob',
    cardinality: 'one',
    'forward-identity': [id(), 'notes', label],
    'unique?': false,
    'index?': false,
  });
  const addAttr = (label: string) => ({ op: 'transact', 'tx-steps': [['add-attr', newAttr(label)]] });
  const labels = (message: Message): string[] =>
    (message.attrs as unknown as { 'forward-identity': string[] }[]).flatMap(
      ({ 'forward-identity': [, etype, label] }) => (etype === 'notes' && label ? [label] : []),
    );

  test('that are new are sent to every session of the app, queries or not, with the results read anew', async () => {
    const writer = await open();
    const idle = await open();
    const reader = await open();
    const q = { people: {} };
    await reader.ask({ op: 'add-query', q });
    await writer.ask(addAttr('body'));
    for (const session of [writer, idle]) {
      const refresh = await session.nextOf('refresh-ok');
      expect(labels(refresh)).toEqual(['body']);
      expect(refresh.computations).toEqual([]);
    }
    const refresh = await reader.nextOf('refresh-ok');
    expect(labels(refresh)).toEqual(['body']);
    expect(computationsOf(refresh)).toMatchObject([{ 'instaql-query': q }]);
    await Promise.all([writer.close(), idle.close(), reader.close()]);
  });

  test('that come and go in a transaction that fails are not sent', async () => {
    const session = await open();
    const { 'tx-steps': steps } = addAttr('never');
    const failed = await session.ask({
      op: 'transact',
      'tx-steps': [...steps, ['add-triple', id(), id(), 1]],
    });
    expect(failed.op).toBe('error');
    await session.ask(addAttr('body'));
    expect(labels(await session.nextOf('refresh-ok'))).toEqual(['body']);
    expect(session.pending).toEqual([]);
    await session.close();
  });

  test('go with every refresh to a client that names no version', async () => {
    await warmUp();
    const writer = await open();
    const old = await RawSession.init(backend, todos.app, { versions: {} });
    await old.ask({ op: 'add-query', q: { todos: {} } });
    await write(writer, 'todos', id(), { text: 'x' });
    expect(await old.nextOf('refresh-ok')).toHaveProperty('attrs');
    await Promise.all([writer.close(), old.close()]);
  });
});

test('a query that begins to fail brings an error for the refresh, and heals with the data', async () => {
  // Only an admin may change an attribute.
  const session = await RawSession.init(backend, todos.app, { '__admin-token': todos.app.adminToken });
  const q = { todos: { $: { where: { position: { $gt: 1 } } } } };
  expect((await session.ask({ op: 'add-query', q })).op).toBe('add-query-ok');
  const index = (on: boolean) => ({
    op: 'transact',
    'tx-steps': [
      [
        'update-attr',
        {
          id: todos.attr('todos', 'position'),
          'forward-identity': todos.app
            .snapshot()
            .attrs.find((it) => it.id === todos.attr('todos', 'position'))?.[
            'forward-identity'
          ] as unknown as JsonValue,
          'index?': on,
        },
      ],
    ],
  });
  expect(await session.ask(index(false))).toMatchObject({ op: 'transact-ok' });
  expect(await session.nextOf('error')).toMatchObject({
    status: 400,
    type: 'validation-failed',
    'original-event': { op: 'refresh', q },
  });
  await session.nextOf('refresh-ok');
  expect(await session.ask(index(true))).toMatchObject({ op: 'transact-ok' });
  expect(computationsOf(await session.nextOf('refresh-ok'))).toMatchObject([{ 'instaql-query': q }]);
  await session.close();
});

test('random writes by several sessions: the last refresh of each query is what a new session reads', async () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}`);
  const random = mulberry32(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const writers = await Promise.all(Array.from({ length: 3 }, open));
  const reader = await open();
  const entities = Array.from({ length: 12 }, id);
  const queries: JsonValue[] = [
    { todos: {} },
    { todos: { owner: {} } },
    { people: { todos: {} } },
    { todos: { $: { where: { text: 'b' } } } },
    { todos: { $: { where: { 'owner.name': 'a' } } } },
    { todos: { $: { order: { position: 'desc' }, limit: 3 } } },
    ...entities.slice(0, 4).map((entity) => ({ todos: { $: { where: { id: entity } } } })),
  ];
  const latest = new Map<string, JsonValue | undefined>();
  for (const q of queries) latest.set(JSON.stringify(q), (await reader.ask({ op: 'add-query', q })).result);

  for (let i = 0; i < 300; i++) {
    const [entity, target] = [pick(entities), pick(entities)];
    const step = pick<() => JsonValue>([
      () => todos.put('todos', entity, { text: pick(['a', 'b', 'c']), position: Math.floor(random() * 9) }),
      () => todos.put('people', entity, { name: pick(['a', 'b']) }),
      () => [['add-triple', entity, todos.attr('todos', 'owner'), target]],
      () => [['retract-triple', entity, todos.attr('todos', 'owner'), target]],
      () => [['delete-entity', entity, pick(['todos', 'people'])]],
    ]);
    pick(writers).send({ op: 'transact', 'tx-steps': step() });
  }
  for (const writer of writers) await writer.ask({ op: 'remove-query', q: null });
  // The last write of all concerns a query of the reader: once it is told of that, it was told of everything.
  const marker = { people: { $: { where: { name: 'marker' } } } };
  await reader.ask({ op: 'add-query', q: marker });
  const txId = await write(writers[0] as RawSession, 'people', id(), { name: 'marker' });
  for (let stamp = 0; stamp < txId; ) {
    const message = await reader.nextOf('refresh-ok');
    stamp = Number(message['processed-tx-id']);
    for (const it of computationsOf(message))
      latest.set(JSON.stringify(it['instaql-query']), it['instaql-result']);
  }
  const fresh = await open();
  for (const q of queries) {
    const { result } = await fresh.ask({ op: 'add-query', q });
    expect(asSet(latest.get(JSON.stringify(q))), `seed ${seed}, ${JSON.stringify(q)}`).toEqual(asSet(result));
  }
  await Promise.all([...writers, reader, fresh].map((session) => session.close()));
});

test('equal queries take tokens of a rate limit for each session that asks', async () => {
  const writer = await open();
  await write(writer, 'todos', id(), { text: 'metered' });
  await writer.close();
  todos.app.setRules({
    $rateLimits: { reads: { limits: [{ capacity: 2 }] } },
    todos: { allow: { view: "rateLimit.reads.limit('everybody')" } },
  });
  const readers = await Promise.all([open(), open(), open()]);
  const ops: string[] = [];
  for (const reader of readers) ops.push((await reader.ask({ op: 'add-query', q: { todos: {} } })).op);
  expect(ops).toEqual(['add-query-ok', 'add-query-ok', 'error']);
  await Promise.all(readers.map((reader) => reader.close()));
});

/** A result without the order of its triples, which means nothing. */
function asSet(result: JsonValue | undefined): unknown {
  const [{ data }] = result as unknown as [{ data: Record<string, { 'join-rows': JsonValue[][] }> }];
  const { 'datalog-result': rows, ...rest } = data;
  return {
    rest,
    triples: rows?.['join-rows']
      .flat()
      .map((triple) => JSON.stringify(triple))
      .sort(),
  };
}

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
