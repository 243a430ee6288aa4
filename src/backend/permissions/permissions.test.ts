import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { backendForTests } from '../testing/backend-for-tests.ts';
import { RawSession } from '../testing/raw-session.ts';
import { computationsOf, createTodoApp, type TodoApp, valuesOf } from '../testing/todos.ts';
import { guestOf } from './guest.fixture.ts';

let todos: TodoApp;
let now = Date.UTC(2025, 0, 1);

const backend = await backendForTests({ now: () => now });
beforeEach(() => {
  todos = createTodoApp(backend);
});

const id = (): string => crypto.randomUUID();
const DENIED = {
  op: 'error',
  status: 400,
  type: 'permission-denied',
  message: 'Permission denied: not perms-pass?',
};

const visitor = (): Promise<RawSession> => RawSession.init(backend, todos.app);
const admin = (): Promise<RawSession> =>
  RawSession.init(backend, todos.app, { '__admin-token': todos.app.adminToken });

async function user(): Promise<{ id: string; session: RawSession }> {
  const guest = await guestOf(backend, todos.app);
  return {
    id: guest.id,
    session: await RawSession.init(backend, todos.app, { 'refresh-token': guest.token }),
  };
}

const transact = (session: RawSession, steps: JsonValue, more: JsonValue[] = []): Promise<JsonObject> =>
  session.ask({ op: 'transact', 'tx-steps': [...(steps as JsonValue[]), ...more] });

const ask = (session: RawSession, q: JsonObject): Promise<JsonObject> => session.ask({ op: 'add-query', q });

const texts = (answer: JsonObject): JsonValue[] => valuesOf(answer.result, todos.attr('todos', 'text'));

/** The steps that give a todo its owner. */
const own = (todo: string, owner: string): JsonValue[] => [
  ['add-triple', todo, todos.attr('todos', 'owner'), owner],
];

async function fill(...values: JsonObject[]): Promise<string[]> {
  const session = await admin();
  const ids = values.map(id);
  const steps = values.flatMap(
    (value, i) => todos.put('todos', ids[i] ?? '', value as Record<string, JsonValue>) as JsonValue[],
  );
  expect(await transact(session, steps)).toMatchObject({ op: 'transact-ok' });
  await session.close();
  return ids;
}

describe('a query', () => {
  test('leaves out what may not be seen, for everybody but an admin', async () => {
    await fill({ text: 'mine', position: 1 }, { text: 'yours', position: 2 });
    todos.app.setRules({ todos: { allow: { view: 'data.position == 1' } } });
    expect(texts(await ask(await visitor(), { todos: {} }))).toEqual(['mine']);
    expect(texts(await ask(await admin(), { todos: {} }))).toEqual(['mine', 'yours']);
  });

  test('leaves out hidden fields and keeps the entity', async () => {
    await fill({ text: 'secret', position: 1 });
    todos.app.setRules({ todos: { fields: { text: 'false' } } });
    const session = await visitor();
    const answer = await ask(session, { todos: {} });
    expect(texts(answer)).toEqual([]);
    expect(valuesOf(answer.result, todos.attr('todos', 'position'))).toEqual([1]);
    // And a condition on a hidden field does not tell what is in it.
    const probe = await ask(session, { todos: { $: { where: { text: 'secret' } } } });
    expect(JSON.stringify(probe.result)).toBe(
      '[{"data":{"datalog-result":{"join-rows":[[]]}},"child-nodes":[]}]',
    );
  });

  test('cuts pages before, and takes cursors from what is seen', async () => {
    await fill({ text: 'a', position: 1 }, { text: 'b', position: 2 }, { text: 'c', position: 3 });
    todos.app.setRules({ todos: { allow: { view: "data.text != 'a'" } } });
    const answer = await ask(await visitor(), { todos: { $: { limit: 2, order: { position: 'asc' } } } });
    expect(texts(answer)).toEqual(['b']);
    const [{ data }] = answer.result as unknown as [{ data: { 'page-info': JsonObject } }];
    expect(data['page-info'].todos).toMatchObject({
      'start-cursor': [expect.any(String), todos.attr('todos', 'position'), 2, expect.any(Number)],
      'end-cursor': [expect.any(String), todos.attr('todos', 'position'), 2, expect.any(Number)],
      'has-next-page?': true,
    });
  });

  test('does not ask about what a link leads to where nothing is there', async () => {
    const [todo = ''] = await fill({ text: 'x' });
    await transact(await admin(), own(todo, id()));
    todos.app.setRules({ people: { allow: { view: "data.name.startsWith('a')" } } });
    const q = { todos: { $: { fields: ['text'] }, owner: {} } };
    const asked = { op: 'add-query', q, 'return-type': 'tree' };
    const { result } = await (await visitor()).ask(asked);
    expect(result).toEqual({ todos: [{ id: todo, text: 'x', owner: [] }] });
    const { result: whole } = await (await admin()).ask(asked);
    expect(whole).toEqual({ todos: [{ id: todo, text: 'x', owner: [null] }] });
  });

  test('sees auth, ruleParams, and where the request is from', async () => {
    await fill({ text: 'x', position: 1 });
    todos.app.setRules({
      todos: {
        allow: { view: "auth.id == ruleParams.me && request.ip == '127.0.0.1' && request.origin == ''" },
      },
    });
    const { id: me, session } = await user();
    expect(texts(await ask(session, { todos: {}, $$ruleParams: { me } }))).toEqual(['x']);
    expect(texts(await ask(session, { todos: {}, $$ruleParams: { me: id() } }))).toEqual([]);
  });

  test('fails when a rule does', async () => {
    await fill({ text: 'x', position: 1 });
    todos.app.setRules({ todos: { allow: { view: 'data.nothing.more' } } });
    expect(await ask(await visitor(), { todos: {} })).toMatchObject({
      op: 'error',
      type: 'permission-evaluation-failed',
      message:
        'Could not evaluate permission rule for `todos.view`. You may have a typo. Debug this in the sandbox and then update your permission rules.',
      hint: { rule: ['todos', 'view'] },
    });
  });

  test('takes a token for each entity where the rule says so', async () => {
    await fill({ text: 'a', position: 1 }, { text: 'b', position: 2 });
    todos.app.setRules({
      todos: { allow: { view: 'rateLimit.reads.limit("all")' } },
      $rateLimits: { reads: { limits: [{ capacity: 3, refill: { period: '1 minute' } }] } },
    });
    const session = await visitor();
    expect(texts(await ask(session, { todos: {} }))).toEqual(['a', 'b']);
    expect(await ask(session, { todos: { $: { where: { position: { $in: [1, 2] } } } } })).toMatchObject({
      op: 'error',
      type: 'rate-limited',
      message: 'Your request exceeded the rate limit.',
      hint: { 'retry-at': expect.any(String), 'retry-after': expect.any(Number), 'remaining-tokens': 0 },
    });
    now += 60_000;
    expect(texts(await ask(session, { todos: { $: { where: { position: { $in: [1, 2] } } } } }))).toEqual([
      'a',
      'b',
    ]);
  });
});

describe('a live query', () => {
  test('is refreshed when the rules are others', async () => {
    await fill({ text: 'x', position: 1 });
    const session = await visitor();
    expect(texts(await ask(session, { todos: {} }))).toEqual(['x']);
    todos.app.setRules({ todos: { allow: { view: 'false' } } });
    const gone = await session.nextOf('refresh-ok');
    expect(
      computationsOf(gone).flatMap((it) => valuesOf(it['instaql-result'], todos.attr('todos', 'text'))),
    ).toEqual([]);
    todos.app.setRules(null);
    const back = await session.nextOf('refresh-ok');
    expect(
      computationsOf(back).flatMap((it) => valuesOf(it['instaql-result'], todos.attr('todos', 'text'))),
    ).toEqual(['x']);
  });

  test('is refreshed when what a rule looks at changes, though the query does not look at it', async () => {
    const [todo = ''] = await fill({ text: 'x', position: 1 });
    todos.app.setRules({ todos: { allow: { view: "'Ada' in data.ref('owner.name')" } } });
    const session = await visitor();
    expect(texts(await ask(session, { todos: { $: { fields: ['text'] } } }))).toEqual([]);
    const writer = await admin();
    const ada = id();
    await transact(writer, todos.put('people', ada, { name: 'Ada' }), own(todo, ada));
    const refresh = await session.nextOf('refresh-ok');
    expect(
      computationsOf(refresh).flatMap((it) => valuesOf(it['instaql-result'], todos.attr('todos', 'text'))),
    ).toEqual(['x']);
    await transact(writer, todos.put('people', ada, { name: 'Bob' }));
    const next = await session.nextOf('refresh-ok');
    expect(
      computationsOf(next).flatMap((it) => valuesOf(it['instaql-result'], todos.attr('todos', 'text'))),
    ).toEqual([]);
  });

  test('is shared by visitors, and by no two users', async () => {
    const [todo = ''] = await fill({ text: 'x', position: 1 });
    const [ada, bob] = [await user(), await user()];
    const writer = await admin();
    const steps = [['add-triple', todo, todos.attr('todos', 'text'), ada.id]];
    await transact(writer, steps);
    todos.app.setRules({ todos: { allow: { view: 'data.text == auth.id' } } });
    expect(texts(await ask(ada.session, { todos: {} }))).toEqual([ada.id]);
    expect(texts(await ask(bob.session, { todos: {} }))).toEqual([]);
    expect(texts(await ask(await visitor(), { todos: {} }))).toEqual([]);
    await transact(writer, [['add-triple', todo, todos.attr('todos', 'text'), bob.id]]);
    const lost = await ada.session.nextOf('refresh-ok');
    expect(JSON.stringify(lost.computations)).not.toContain(todo);
    const gained = await bob.session.nextOf('refresh-ok');
    expect(JSON.stringify(gained.computations)).toContain(todo);
  });

  test('starts over when peers can be told apart from now on', async () => {
    const session = await visitor();
    await ask(session, { todos: {} });
    todos.app.setRules({ todos: { allow: { view: "request.ip == '10.0.0.1'" } } });
    expect(await session.closed).toMatchObject({ code: 1000 });
  });
});

describe('a transaction', () => {
  test('is refused by a rule, and then nothing has changed', async () => {
    const [todo = ''] = await fill({ text: 'x', position: 1 });
    todos.app.setRules({ todos: { allow: { update: 'newData.position > data.position', create: 'false' } } });
    const session = await visitor();
    const before = todos.app.snapshot();
    expect(await transact(session, todos.put('todos', todo, { position: 0 }))).toMatchObject({
      ...DENIED,
      hint: { input: ['todos', 'object'], expected: 'perms-pass?' },
    });
    expect(await transact(session, todos.put('todos', id(), { position: 9 }))).toMatchObject(DENIED);
    expect(todos.app.snapshot()).toEqual(before);
    expect(await transact(session, todos.put('todos', todo, { position: 2 }))).toMatchObject({
      op: 'transact-ok',
    });
  });

  test('creates what may be created together with its links', async () => {
    todos.app.setRules({ todos: { allow: { create: "'Ada' in data.ref('owner.name')" } } });
    const session = await visitor();
    const [ada, bob, first, second] = [id(), id(), id(), id()];
    const people = [
      ...(todos.put('people', ada, { name: 'Ada' }) as JsonValue[]),
      ...(todos.put('people', bob, { name: 'Bob' }) as JsonValue[]),
    ];
    expect(await transact(session, people)).toMatchObject({ op: 'transact-ok' });
    expect(await transact(session, todos.put('todos', first, { text: 'x' }), own(first, ada))).toMatchObject({
      op: 'transact-ok',
    });
    expect(
      await transact(session, todos.put('todos', second, { text: 'x' }), own(second, bob)),
    ).toMatchObject(DENIED);
  });

  test('may not take away what may not be changed', async () => {
    const [todo = ''] = await fill({ text: 'x', position: 1 });
    todos.app.setRules({ todos: { allow: { update: 'false' } } });
    const steps = [['retract-triple', todo, todos.attr('todos', 'text'), 'x']];
    expect(await transact(await visitor(), steps)).toMatchObject(DENIED);
  });

  test('is judged by what it will have done, whatever else its steps say', async () => {
    const [todo = ''] = await fill({ text: 'mine', position: 1 });
    todos.app.setRules({ todos: { allow: { update: "newData.text == 'mine' && newData.position != 9" } } });
    const session = await visitor();
    const [text, position] = [todos.attr('todos', 'text'), todos.attr('todos', 'position')];
    // What is taken away is not there, so the value that was written stays.
    const other = [
      ['add-triple', todo, position, 9],
      ['retract-triple', todo, position, 5],
    ];
    expect(await transact(session, other)).toMatchObject(DENIED);
    // All that is added is added before the first thing is taken away.
    const again = [
      ['add-triple', todo, position, 2],
      ['retract-triple', todo, text, 'mine'],
      ['add-triple', todo, text, 'mine'],
    ];
    expect(await transact(session, again)).toMatchObject(DENIED);
    // What was there is gone when it is deleted first.
    const anew = [
      ['delete-entity', todo, 'todos'],
      ['add-triple', todo, position, 3],
    ];
    expect(await transact(session, anew)).toMatchObject(DENIED);
    expect(await transact(session, [...anew, ['add-triple', todo, text, 'mine']])).toMatchObject({
      op: 'transact-ok',
    });
  });

  test('is told of a rule that fails rather than of one that refuses: all are asked', async () => {
    const [todo = ''] = await fill({ text: 'x', position: 1 });
    const ada = id();
    await transact(await admin(), todos.put('people', ada, { name: 'Ada' }));
    todos.app.setRules({
      todos: { allow: { update: 'false' } },
      people: { allow: { update: 'data.name.first == 1' } },
    });
    const more = todos.put('people', ada, { name: 'Bob' }) as JsonValue[];
    expect(await transact(await visitor(), todos.put('todos', todo, { text: 'y' }), more)).toMatchObject({
      type: 'permission-evaluation-failed',
    });
  });

  test('shows the rule of a link its target as it was before: one that comes into being is not there', async () => {
    const [todo = ''] = await fill({ text: 'Ada', position: 1 });
    todos.app.setRules({ todos: { allow: { link: { owner: 'data.text == linkedData.name' } } } });
    const [ada, bob] = [id(), id()];
    const session = await visitor();
    const people = todos.put('people', ada, { name: 'Ada' });
    const failed = { type: 'permission-evaluation-failed' };
    expect(await transact(session, people, own(todo, ada))).toMatchObject(failed);
    await transact(session, people);
    await transact(session, todos.put('people', bob, { name: 'Bob' }));
    expect(await transact(session, own(todo, bob))).toMatchObject(DENIED);
    expect(await transact(session, own(todo, ada))).toMatchObject({ op: 'transact-ok' });
    const created = id();
    const both = todos.put('todos', created, { text: 'Eve' });
    const eve = id();
    const steps = [...(todos.put('people', eve, { name: 'Eve' }) as JsonValue[]), ...own(created, eve)];
    expect(await transact(session, both, steps)).toMatchObject({ op: 'transact-ok' });
  });

  test('adds attributes where the schema is not locked', async () => {
    const attr = (): JsonValue => ({
      id: id(),
      'forward-identity': [id(), 'todos', id()],
      'value-type': 'blob',
      cardinality: 'one',
      'unique?': false,
      'index?': false,
    });
    const session = await visitor();
    expect(await transact(session, [['add-attr', attr()]])).toMatchObject({ op: 'transact-ok' });
    todos.app.setRules({ attrs: { allow: { $default: 'false' } } });
    expect(await transact(session, [['add-attr', attr()]])).toMatchObject({
      ...DENIED,
      hint: { input: ['attrs', 'attr'] },
    });
    todos.app.setRules({ attrs: { allow: { create: "data['value-type'] == 'ref'" } } });
    expect(await transact(session, [['add-attr', attr()]])).toMatchObject(DENIED);
  });

  test('of an admin is asked no rule', async () => {
    todos.app.setRules({ $default: { allow: { $default: 'false' } } });
    expect(await transact(await admin(), todos.put('todos', id(), { text: 'x' }))).toMatchObject({
      op: 'transact-ok',
    });
  });
});

describe('the rules of an app', () => {
  test('are refused by name where they cannot be used, and the old ones stay', async () => {
    await fill({ text: 'x', position: 1 });
    todos.app.setRules({ todos: { allow: { view: 'false' } } });
    expect(() => todos.app.setRules({ todos: { allow: { view: 'nope' } } })).toThrow(
      expect.objectContaining({
        code: 'invalid-config',
        message: expect.stringContaining("undeclared reference to 'nope'"),
      }),
    );
    expect(texts(await ask(await visitor(), { todos: {} }))).toEqual([]);
  });

  test('are part of a snapshot, and of what an app is reset to', () => {
    const rules = { todos: { allow: { view: 'false' } } };
    const app = backend.createApp({ rules });
    expect(app.snapshot().rules).toEqual(rules);
    app.setRules(null);
    expect(app.snapshot().rules).toBeNull();
    app.reset();
    expect(app.snapshot().rules).toEqual(rules);
  });
});
