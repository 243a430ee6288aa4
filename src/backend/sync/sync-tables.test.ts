import { describe, expect, test } from 'vitest';
import { random } from '../../../conformance/support/random.ts';
import type { Triple } from '../../protocol/attr.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import type { SyncTransaction } from '../../protocol/sync.ts';
import { backendForTests } from '../testing/backend-for-tests.ts';
import { type Message, RawSession } from '../testing/raw-session.ts';
import { createTodoApp, type TodoApp } from '../testing/todos.ts';

const backend = await backendForTests();

const NEVER = '11111111-1111-4111-8111-111111111111';
const newId = (): string => crypto.randomUUID();
const admin = ({ app }: TodoApp): Promise<RawSession> =>
  RawSession.init(backend, app, { '__admin-token': app.adminToken });

async function transact(session: RawSession, steps: JsonValue[]): Promise<number> {
  const answer = await session.ask({ op: 'transact', 'tx-steps': steps });
  if (answer.op !== 'transact-ok') throw new Error(JSON.stringify(answer));
  return Number(answer['tx-id']);
}

const put = (todos: TodoApp, id: string, values: JsonObject): JsonValue[] =>
  todos.put('todos', id, values as Record<string, JsonValue>) as JsonValue[];

interface Loaded {
  subscription: JsonObject;
  rows: Triple[][];
  txId: number;
  batches: number;
}

async function startSync(session: RawSession, q: JsonValue): Promise<Loaded> {
  const start = await session.ask({ op: 'start-sync', q });
  if (start.op !== 'start-sync-ok') throw new Error(JSON.stringify(start));
  expect(start.q).toEqual(q);
  const subscription = { 'subscription-id': start['subscription-id'] ?? null, token: start.token ?? null };
  const rows: Triple[][] = [];
  for (let batches = 0; ; batches++) {
    const message = await session.take(({ op }) => op.startsWith('sync-'));
    expect(message['subscription-id']).toBe(subscription['subscription-id']);
    if (message.op === 'sync-init-finish') {
      return { subscription, rows, txId: Number(message['tx-id']), batches };
    }
    expect(message.op).toBe('sync-load-batch');
    rows.push(...(message['join-rows'] as unknown as Triple[][]));
  }
}

const UPDATE = 'sync-update-triples';

/** What a session has heard of sync tables and not taken: new attributes come along with other messages. */
const pendingOf = ({ pending }: RawSession): readonly Message[] =>
  pending.filter(({ op }) => op !== 'refresh-ok');

const txesOf = (message: Message): SyncTransaction[] => message.txes as unknown as SyncTransaction[];

describe('start-sync', () => {
  test('gives every entity with its triples, a hundred in a message, in order', async () => {
    const todos = createTodoApp(backend);
    const session = await admin(todos);
    const ids = Array.from({ length: 250 }, newId);
    const steps = ids.flatMap((id, n) => put(todos, id, { text: `${n}`, position: n }));
    const txId = await transact(session, steps);
    const order = { position: 'desc' };
    const { rows, batches, txId: stamp } = await startSync(session, { todos: { $: { order } } });
    expect(batches).toBe(3);
    expect(stamp).toBeGreaterThanOrEqual(txId);
    const position = todos.attr('todos', 'position');
    expect(rows.map((row) => row.find(([, a]) => a === position)?.[2])).toEqual(ids.map((_, n) => 249 - n));
    expect(rows[0]?.map(([e, , , t]) => [e, typeof t])).toEqual(
      Array.from({ length: 3 }, () => [ids[249], 'number']),
    );
    await session.close();
  });

  test('tells of what changes from then on', async () => {
    const todos = createTodoApp(backend);
    const session = await admin(todos);
    const [a, b] = [newId(), newId()];
    await transact(session, put(todos, a, { text: 'a', position: 1 }));
    const { rows, subscription } = await startSync(session, { todos: {} });
    expect(rows).toHaveLength(1);
    const t = rows[0]?.[0]?.[3];
    const changed = await transact(session, put(todos, a, { text: 'A' }));
    const text = todos.attr('todos', 'text');
    expect(await session.nextOf(UPDATE)).toEqual({
      op: 'sync-update-triples',
      'subscription-id': subscription['subscription-id'],
      txes: [
        {
          'tx-id': changed,
          changes: [
            { action: 'removed', triple: [a, text, 'a', t] },
            { action: 'added', triple: [a, text, 'A', t] },
          ],
        },
      ],
      'trace-id': null,
    });
    await transact(session, put(todos, b, { text: 'b' }));
    const [added] = txesOf(await session.nextOf(UPDATE));
    expect(added?.changes.map(({ action, triple }) => [action, triple[0]])).toEqual(
      Array.from({ length: 3 }, () => ['added', b]),
    );
    await transact(session, [['delete-entity', a, 'todos']]);
    const [removed] = txesOf(await session.nextOf(UPDATE));
    expect(removed?.changes.map(({ action, triple }) => [action, triple[0]])).toEqual(
      Array.from({ length: 3 }, () => ['removed', a]),
    );
    await session.close();
  });

  test('leaves out other namespaces, links, and what comes to nothing', async () => {
    const todos = createTodoApp(backend);
    const session = await admin(todos);
    const [person, todo, passing] = [newId(), newId(), newId()];
    await startSync(session, { people: {} });
    await transact(session, [
      ...put(todos, todo, { text: 'x' }),
      ...(todos.put('people', passing, { name: 'passing' }) as JsonValue[]),
      ['delete-entity', passing, 'people'],
    ]);
    const steps = [
      ...(todos.put('people', person, { name: 'p' }) as JsonValue[]),
      ['add-triple', todo, todos.attr('todos', 'owner'), person],
    ];
    const txId = await transact(session, steps);
    const message = await session.nextOf(UPDATE);
    expect(txesOf(message)).toEqual([
      {
        'tx-id': txId,
        changes: [
          { action: 'added', triple: [person, todos.attr('people', 'id'), person, expect.any(Number)] },
          { action: 'added', triple: [person, todos.attr('people', 'name'), 'p', expect.any(Number)] },
        ],
      },
    ]);
    await session.close();
  });

  test.each<[string, JsonValue, string]>([
    ['null', null, 'Validation failed for start-sync: Query can not be null.'],
    ['an empty query', {}, 'Validation failed for query: Query is empty.'],
    [
      'two namespaces',
      { todos: {}, people: {} },
      'Validation failed for query: Query can only fetch a single namespace',
    ],
    ['an unknown namespace', { nothing: {} }, 'Validation failed for query: No matching table.'],
    ['links', { todos: { owner: {} } }, 'Validation failed for query: Links are not yet supported.'],
    [
      'a limit',
      { todos: { $: { limit: 1 } } },
      'Validation failed for query: Only order is currently supported.',
    ],
    ['what is no query', 'todos', 'Validation failed for query'],
  ])('refuses %s', async (_case, q, message) => {
    const todos = createTodoApp(backend);
    const session = await admin(todos);
    expect(await session.ask({ op: 'start-sync', q })).toMatchObject({
      op: 'error',
      status: 400,
      type: 'validation-failed',
      message,
      'original-event': { op: 'start-sync', q },
    });
    await session.close();
  });

  test('is for admins', async () => {
    const { app } = createTodoApp(backend);
    const session = await RawSession.init(backend, app);
    expect(await session.ask({ op: 'start-sync', q: { todos: {} } })).toMatchObject({
      op: 'error',
      message: 'Validation failed for start-sync: start-sync is currently supported for admins only.',
    });
    await session.close();
  });
});

describe('resync-table', () => {
  test('gives what happened in between, in order, and goes on', async () => {
    const todos = createTodoApp(backend);
    const [first, writer] = [await admin(todos), await admin(todos)];
    const { subscription, txId } = await startSync(first, { todos: {} });
    await first.close();
    const missed: number[] = [];
    for (let n = 0; n < 150; n++) missed.push(await transact(writer, put(todos, newId(), { text: `${n}` })));
    const second = await admin(todos);
    second.send({ op: 'resync-table', ...subscription, 'tx-id': txId });
    const got = [...txesOf(await second.nextOf(UPDATE))];
    expect(got).toHaveLength(100);
    got.push(...txesOf(await second.nextOf(UPDATE)));
    expect(got.map((tx) => tx['tx-id'])).toEqual(missed);
    const later = await transact(writer, put(todos, newId(), { text: 'later' }));
    expect(txesOf(await second.nextOf(UPDATE)).map((tx) => tx['tx-id'])).toEqual([later]);
    for (const session of [second, writer]) await session.close();
  });

  test('takes the subscription from a session that has not noticed its end', async () => {
    const todos = createTodoApp(backend);
    const [first, second] = [await admin(todos), await admin(todos)];
    const { subscription, txId } = await startSync(first, { todos: {} });
    second.send({ op: 'resync-table', ...subscription, 'tx-id': txId });
    await second.ask({ op: 'remove-query', q: {} });
    await transact(second, put(todos, newId(), { text: 'x' }));
    await second.nextOf(UPDATE);
    first.send({ op: 'remove-sync', 'subscription-id': subscription['subscription-id'] ?? null });
    await first.ask({ op: 'remove-query', q: {} });
    expect(pendingOf(first)).toEqual([]);
    await transact(second, put(todos, newId(), { text: 'y' }));
    await second.nextOf(UPDATE);
    for (const session of [first, second]) await session.close();
  });

  test.each<[string, JsonObject, JsonObject]>([
    ['an unknown subscription', { 'subscription-id': NEVER }, { type: 'record-not-found' }],
    ['a wrong token', { token: NEVER }, { message: 'Validation failed for subscription: Invalid token.' }],
    [
      'a transaction from before',
      { 'tx-id': 0 },
      { message: expect.stringContaining('no longer available') },
    ],
    ['no transaction', { 'tx-id': null }, { type: 'param-missing' }],
    ['no token', { token: null }, { type: 'param-missing' }],
    ['an id that is none', { 'subscription-id': 'x' }, { type: 'param-malformed' }],
  ])('with %s is refused', async (_case, fields, expected) => {
    const session = await admin(createTodoApp(backend));
    const { subscription, txId } = await startSync(session, { todos: {} });
    const answer = await session.ask({ op: 'resync-table', ...subscription, 'tx-id': txId, ...fields });
    expect(answer).toMatchObject({
      op: 'error',
      status: 400,
      'original-event': { op: 'resync-table' },
      ...expected,
    });
    await session.close();
  });

  test('by one who is no admin is refused', async () => {
    const todos = createTodoApp(backend);
    const [owner, other] = [await admin(todos), await RawSession.init(backend, todos.app)];
    const { subscription, txId } = await startSync(owner, { todos: {} });
    expect(await other.ask({ op: 'resync-table', ...subscription, 'tx-id': txId })).toMatchObject({
      op: 'error',
      type: 'validation-failed',
    });
    for (const session of [owner, other]) await session.close();
  });
});

describe('remove-sync', () => {
  test.each([true, false])('keeps the subscription when told to: %s', async (keep) => {
    const todos = createTodoApp(backend);
    const session = await admin(todos);
    const { subscription, txId } = await startSync(session, { todos: {} });
    const id = subscription['subscription-id'] ?? null;
    session.send({ op: 'remove-sync', 'subscription-id': id, 'keep-subscription': keep });
    await transact(session, put(todos, newId(), { text: 'x' }));
    await session.ask({ op: 'remove-query', q: {} });
    expect(pendingOf(session)).toEqual([]);
    session.send({ op: 'resync-table', ...subscription, 'tx-id': txId });
    await session.nextOf(keep ? UPDATE : 'error');
    await session.close();
  });

  test('of an unknown subscription is nothing', async () => {
    const session = await admin(createTodoApp(backend));
    session.send({ op: 'remove-sync', 'subscription-id': NEVER });
    await session.ask({ op: 'remove-query', q: {} });
    expect(pendingOf(session)).toEqual([]);
    await session.close();
  });
});

test('random transactions, over lost connections, give what a fresh sync gives', async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const next = random(seed);
  const below = (limit: number): number => Math.floor(next() * limit);
  const todos = createTodoApp(backend);
  const writer = await admin(todos);
  const ids = Array.from({ length: 12 }, newId);
  await transact(writer, put(todos, ids[0] as string, { text: 'first' }));
  let reader = await admin(todos);
  const loaded = await startSync(reader, { todos: {} });
  const keyOf = ([e, a, v]: Triple): string => JSON.stringify([e, a, v]);
  const held = new Map(loaded.rows.flat().map((triple) => [keyOf(triple), triple]));
  let { txId } = loaded;
  const apply = (message: Message): void => {
    for (const tx of txesOf(message)) {
      txId = tx['tx-id'];
      for (const { action, triple } of tx.changes) {
        if (action === 'added') held.set(keyOf(triple), triple);
        else expect(held.delete(keyOf(triple)), `seed ${seed}`).toBe(true);
      }
    }
  };
  for (let round = 0; round < 150; round++) {
    const steps = Array.from({ length: 1 + below(4) }, (): JsonValue[] => {
      const id = ids[below(ids.length)] as string;
      if (below(4) === 0) return [['delete-entity', id, 'todos']];
      return put(todos, id, below(2) ? { text: `t${below(3)}` } : { position: below(3) });
    });
    await transact(writer, steps.flat());
    if (below(10) === 0) {
      for (const message of pendingOf(reader)) apply(message);
      await reader.close();
      reader = await admin(todos);
      reader.send({ op: 'resync-table', ...loaded.subscription, 'tx-id': txId });
    }
  }
  const last = await transact(writer, put(todos, newId(), { text: 'last' }));
  while (txId < last) apply(await reader.nextOf(UPDATE));
  const fresh = await startSync(writer, { todos: {} });
  const sorted = (triples: Iterable<Triple>): string[] =>
    [...triples].map((triple) => JSON.stringify(triple)).sort();
  expect(sorted(held.values()), `seed ${seed}`).toEqual(sorted(fresh.rows.flat()));
  for (const session of [reader, writer]) await session.close();
});
