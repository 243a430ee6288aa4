import { describe, expect, test } from 'vitest';
import type { Snapshot } from './app/data-set.ts';
import type { BackendApp } from './backend-app.ts';
import { backendForTests } from './testing/backend-for-tests.ts';
import { RawSession } from './testing/raw-session.ts';
import { computationsOf, createTodoApp, type TodoApp, todoSchema, valuesOf } from './testing/todos.ts';

const backend = await backendForTests();

const uuid = (): string => crypto.randomUUID();
const asAdmin = (app: BackendApp): Promise<RawSession> =>
  RawSession.init(backend, app, { '__admin-token': app.adminToken });

async function transact(session: RawSession, steps: unknown): Promise<void> {
  const answer = await session.ask({ op: 'transact', 'tx-steps': steps as [] });
  expect(answer).toMatchObject({ op: 'transact-ok' });
}

/** Writes todos, a link, a deleted attribute and a renamed one. */
async function fill(todos: TodoApp): Promise<void> {
  const session = await asAdmin(todos.app);
  const [todo, person] = [uuid(), uuid()];
  await transact(session, [
    ...(todos.put('todos', todo, { text: 'Write', position: 1 }) as []),
    ...(todos.put('todos', uuid(), { text: 'Rest', position: 2 }) as []),
    ...(todos.put('people', person, { name: 'Ada' }) as []),
    ['add-triple', todo, todos.attr('todos', 'owner'), person],
  ]);
  await transact(session, [['delete-attr', todos.attr('people', 'name')]]);
  await session.close();
}

describe('restore()', () => {
  test('brings back a link that an update has made of a plain attribute', async () => {
    const { app, attr } = createTodoApp(backend);
    const session = await asAdmin(app);
    await transact(session, [['update-attr', { id: attr('people', 'name'), 'value-type': 'ref' }]]);
    await session.close();
    const before = app.snapshot();
    app.restore(before);
    expect(app.snapshot()).toEqual(before);
  });

  test('brings back data, deleted attributes and rules, exactly', async () => {
    const todos = createTodoApp(backend);
    const { app } = todos;
    await fill(todos);
    const before = app.snapshot();
    expect(before.attrs.some((attr) => 'deletion-marked-at' in attr)).toBe(true);

    const session = await asAdmin(app);
    await transact(session, [['restore-attr', todos.attr('people', 'name')]]);
    await transact(session, [
      ['update-attr', { id: todos.attr('todos', 'position'), 'index?': false }],
      ...(todos.put('todos', uuid(), { text: 'Later', position: 3 }) as []),
      ['delete-attr', todos.attr('todos', 'text')],
    ]);
    expect(app.snapshot()).not.toEqual(before);
    app.restore(before);
    expect(app.snapshot()).toEqual(before);

    // The indexes are as before, too.
    const q = { todos: { $: { where: { position: { $gt: 1 } } } } };
    const { result } = await session.ask({ op: 'add-query', q });
    expect(valuesOf(result, todos.attr('todos', 'text'))).toEqual(['Rest']);
    await transact(session, [['restore-attr', todos.attr('people', 'name')]]);
    const people = await session.ask({ op: 'add-query', q: { people: {} } });
    expect(valuesOf(people.result, todos.attr('people', 'name'))).toEqual(['Ada']);
    await session.close();
  });

  test('refreshes live queries, and no others than it has to', async () => {
    const todos = createTodoApp(backend);
    const { app } = todos;
    await fill(todos);
    const before = app.snapshot();
    const session = await asAdmin(app);
    await session.ask({ op: 'add-query', q: { todos: {} } });
    await session.ask({ op: 'add-query', q: { people: {} } });
    await transact(session, todos.put('todos', uuid(), { text: 'New' }));
    await session.nextOf('refresh-ok');
    app.restore(before);
    const computations = computationsOf(await session.nextOf('refresh-ok'));
    expect(computations.map((each) => each['instaql-query'])).toEqual([{ todos: {} }]);
    expect(valuesOf(computations[0]?.['instaql-result'], todos.attr('todos', 'text'))).toEqual([
      'Rest',
      'Write',
    ]);
    await session.close();
  });

  test('takes what another app held, names exchanged and all', async () => {
    const todos = createTodoApp(backend);
    await fill(todos);
    const other = backend.createApp({ schema: todoSchema });
    other.restore(todos.app.snapshot());
    expect(other.snapshot()).toEqual(todos.app.snapshot());

    const snapshot = todos.app.snapshot();
    const [text, position] = ['text', 'position'].map((label) => todos.attr('todos', label));
    const named = (id: string | undefined) => snapshot.attrs.find((attr) => attr.id === id);
    const [a, b] = [named(text), named(position)];
    if (!a || !b) throw new Error('The schema has lost its attributes');
    const labels = [a['forward-identity'][2], b['forward-identity'][2]] as const;
    a['forward-identity'] = [a['forward-identity'][0], 'todos', labels[1]];
    b['forward-identity'] = [b['forward-identity'][0], 'todos', labels[0]];
    other.restore(snapshot);
    expect(other.snapshot()).toEqual(snapshot);
  });

  test('puts the rules of the snapshot in force', async () => {
    const rules = { todos: { allow: { $default: 'false' } } };
    const app = backend.createApp({ schema: todoSchema, rules });
    const locked = app.snapshot();
    expect(locked.rules).toEqual(rules);
    app.restore({ ...locked, rules: null });
    expect(app.snapshot().rules).toBeNull();
    app.reset();
    expect(app.snapshot()).toEqual(locked);
  });

  test('leaves out the marks of jobs that ran where the snapshot comes from', async () => {
    const todos = createTodoApp(backend);
    const { attrs, ...rest } = todos.app.snapshot();
    const marked = attrs.map((attr) => ({ ...attr, 'indexing?': true, 'checking-data-type?': true }));
    todos.app.restore({ attrs: marked, ...rest });
    expect(todos.app.snapshot().attrs).toEqual(attrs);
  });

  test.each([null, {}, { attrs: 1, triples: [], rules: null }, { attrs: [], triples: [[1]], rules: null }])(
    'refuses %j, and changes nothing',
    async (snapshot) => {
      const todos = createTodoApp(backend);
      await fill(todos);
      const before = todos.app.snapshot();
      expect(() => todos.app.restore(snapshot as unknown as Snapshot)).toThrow(
        expect.objectContaining({ code: 'invalid-config' }),
      );
      expect(todos.app.snapshot()).toEqual(before);
    },
  );
});

describe('reset()', () => {
  test('makes the app what it was when it was created', async () => {
    const todos = createTodoApp(backend);
    const created = todos.app.snapshot();
    await fill(todos);
    const session = await asAdmin(todos.app);
    await session.ask({ op: 'add-query', q: { todos: {} } });
    todos.app.reset();
    expect(todos.app.snapshot()).toEqual(created);
    const [computation] = computationsOf(await session.nextOf('refresh-ok'));
    expect(valuesOf(computation?.['instaql-result'], todos.attr('todos', 'text'))).toEqual([]);
    await session.close();
  });
});
