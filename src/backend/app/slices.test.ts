import { expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { backendForTests } from '../testing/backend-for-tests.ts';
import { type Message, RawSession, VERSIONS } from '../testing/raw-session.ts';
import { Recorder } from '../testing/recorder.ts';
import { computationsOf, createTodoApp, type TodoApp } from '../testing/todos.ts';

// With a slice of no time each query that a transaction concerns is run by itself, and whoever else has something to
// say is heard in between.

const backend = await backendForTests({ sliceMs: 0 });

const MANY = 150;
const id = (): string => crypto.randomUUID();
const queryOf = (n: number): JsonObject => ({ todos: { $: { where: { position: { $gte: -n } } } } });
const isRefresh = ({ op }: Message): boolean => op === 'refresh-ok';

/** An app that knows the kinds of value that will be written, so that its attributes stay as they are. */
function newApp(): TodoApp {
  const todos = createTodoApp(backend);
  const [todo, person] = [id(), id()];
  todos.app.load({
    triples: [
      [todo, todos.attr('todos', 'id'), todo, 1],
      [todo, todos.attr('todos', 'text'), 'seed', 1],
      [todo, todos.attr('todos', 'position'), 1, 1],
      [person, todos.attr('people', 'id'), person, 1],
      [person, todos.attr('people', 'name'), 'seed', 1],
    ],
  });
  return todos;
}

async function openWith(todos: TodoApp, queries: readonly JsonValue[]): Promise<Recorder> {
  const session = await Recorder.open(backend.websocketURI);
  await session.ask({ op: 'init', 'app-id': todos.app.id, versions: VERSIONS });
  for (const q of queries)
    expect(await session.ask({ op: 'add-query', q })).toMatchObject({ op: 'add-query-ok' });
  return session;
}

const todo = (todos: TodoApp, text: string): JsonObject => ({
  op: 'transact',
  'tx-steps': todos.put('todos', id(), { text, position: 1 }),
});
const person = (todos: TodoApp): JsonObject => ({
  op: 'transact',
  'tx-steps': todos.put('people', id(), { name: 'Ada' }),
});

test('a write is answered, and told of, while the many live queries of another session are run', async () => {
  const todos = newApp();
  const many = await openWith(
    todos,
    Array.from({ length: MANY }, (_, n) => queryOf(n)),
  );
  const other = await openWith(todos, [{ people: {} }]);
  const writer = await RawSession.init(backend, todos.app);
  await writer.ask(todo(todos, 'one for all'));
  await many.until(isRefresh);
  const ok = await other.ask(person(todos));
  expect(ok.op).toBe('transact-ok');
  await other.until((message) => isRefresh(message) && message['processed-tx-id'] === ok['tx-id']);
  const told = (): number => many.heard.filter(isRefresh).flatMap(computationsOf).length;
  // Had all been run at a stretch, all would have been told of before: they were sent before.
  expect(told()).toBeLessThan(MANY);
  await expect.poll(told).toBe(MANY);
  await Promise.all([many.close(), other.close(), writer.close()]);
});

test('a refresh is stamped with what it was run at, and never goes back', async () => {
  const todos = newApp();
  const many = await openWith(
    todos,
    Array.from({ length: 30 }, (_, n) => queryOf(n)),
  );
  const writer = await RawSession.init(backend, todos.app);
  const count = 5;
  const stamps = new Map<number, number>();
  for (let written = 1; written <= count; written++) {
    const ok = await writer.ask(todo(todos, `t${written}`));
    stamps.set(Number(ok['tx-id']), written + 1);
  }
  const last = Math.max(...stamps.keys());
  const current = new Map<string, number>();
  await expect
    .poll(() => {
      for (const { computation, stamp } of results(many)) {
        current.set(JSON.stringify(computation['instaql-query']), stamp);
      }
      return [...current.values()].filter((stamp) => stamp === last).length;
    })
    .toBe(30);
  let latest = 0;
  for (const { computation, stamp } of results(many)) {
    expect(stamp).toBeGreaterThanOrEqual(latest);
    latest = stamp;
    expect(JSON.stringify(computation['instaql-result']).split('"t').length, `at ${stamp}`).toBe(
      stamps.get(stamp),
    );
  }
  await Promise.all([many.close(), writer.close()]);
});

function results(session: Recorder): { computation: Record<string, JsonValue>; stamp: number }[] {
  return session.heard.filter(isRefresh).flatMap((message) =>
    computationsOf(message).map((computation) => ({
      computation,
      stamp: Number(message['processed-tx-id']),
    })),
  );
}

test('the answer to a write comes behind the results that were due to its session before', async () => {
  const todos = newApp();
  const count = 40;
  const session = await openWith(
    todos,
    Array.from({ length: count }, (_, n) => queryOf(n)),
  );
  const first = await session.ask(todo(todos, 'first'));
  await session.until(isRefresh);
  // It is run while most of the others wait, and so is what follows it.
  const second = session.send(person(todos));
  const third = session.send({ op: 'remove-query', q: { nobody: {} } });
  await session.until((message) => message['client-event-id'] === third);
  const at = session.heard.findIndex((message) => message['client-event-id'] === second);
  const before = session.heard.slice(0, at).filter(isRefresh).flatMap(computationsOf);
  expect(before.length).toBe(count);
  expect(
    session.heard.slice(0, at).every((it) => !isRefresh(it) || it['processed-tx-id'] === first['tx-id']),
  ).toBe(true);
  expect(session.heard.slice(at).map(({ op }) => op)).toEqual(['transact-ok', 'remove-query-ok']);
  await session.close();
});

test('but for nothing that is new, however much others write meanwhile', async () => {
  const todos = newApp();
  const session = await openWith(
    todos,
    Array.from({ length: 20 }, (_, n) => queryOf(n)),
  );
  const writer = await RawSession.init(backend, todos.app);
  let isAnswered = false;
  const writing = (async () => {
    while (!isAnswered) await writer.ask(todo(todos, 'and one more'));
  })();
  await session.until(isRefresh);
  for (let i = 0; i < 10; i++) expect((await session.ask(person(todos))).op).toBe('transact-ok');
  isAnswered = true;
  await writing;
  await Promise.all([session.close(), writer.close()]);
});

test('a session that ends in the middle leaves nothing behind', async () => {
  const todos = newApp();
  const many = await openWith(
    todos,
    Array.from({ length: 50 }, (_, n) => queryOf(n)),
  );
  const rest = await openWith(todos, [queryOf(1_000)]);
  await rest.ask(todo(todos, 'one'));
  await many.until(isRefresh);
  many.send(todo(todos, 'never'));
  await many.close();
  const ok = await rest.ask(todo(todos, 'two'));
  await rest.until((message) => isRefresh(message) && message['processed-tx-id'] === ok['tx-id']);
  await rest.close();
});
