import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { provideBetterSqlite3 } from '../../../conformance/support/better-sqlite3.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { BackendApp } from '../backend-app.ts';
import { type Backend, startBackend } from '../index.ts';
import { HttpClient } from '../testing/http-client.ts';
import { type Message, RawSession } from '../testing/raw-session.ts';
import { createTodoApp, type TodoApp, valuesOf } from '../testing/todos.ts';

provideBetterSqlite3();

const DAY_MS = 24 * 60 * 60 * 1_000;
const id = crypto.randomUUID();

let folder: string;
let now: number;
let backend: Backend;
let todos: TodoApp;
let app: BackendApp;
let text: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'instant-attrs-'));
  now = 1_700_000_000_000;
  backend = await start();
  todos = createTodoApp(backend);
  app = todos.app;
  text = todos.attr('todos', 'text');
  await transact(todos.put('todos', id, { text: 'kept', position: 1 }));
  await transact([['delete-attr', text]]);
});
afterEach(async () => {
  await backend.close();
  rmSync(folder, { recursive: true, force: true });
});

const start = (): Promise<Backend> => startBackend({ data: folder, now: () => now });

async function ask(event: { op: string; [key: string]: JsonValue }): Promise<Message> {
  const session = await RawSession.init(backend, app, { '__admin-token': app.adminToken });
  const answer = await session.ask(event);
  await session.close();
  return answer;
}

async function transact(steps: JsonValue): Promise<void> {
  expect(await ask({ op: 'transact', 'tx-steps': steps })).toMatchObject({ op: 'transact-ok' });
}

async function listed(): Promise<unknown[]> {
  const headers = { 'app-id': app.id, authorization: `Bearer ${app.adminToken}` };
  const { body } = await new HttpClient(backend.url, headers).get('/admin/soft_deleted_attrs');
  return (body.attrs as { id: string }[]).map((attr) => attr.id);
}

const held = (): number => app.snapshot().triples.filter(([, a]) => a === text).length;
const isKnown = (): boolean => app.snapshot().attrs.some((attr) => attr.id === text);

test('up to two days after its deletion an attribute can be restored, with its values', async () => {
  now += 2 * DAY_MS - 1;
  expect(await listed()).toEqual([text]);
  await transact([['restore-attr', text]]);
  const { result } = await ask({ op: 'add-query', q: { todos: {} } });
  expect(valuesOf(result, text)).toEqual(['kept']);
});

test('then it is gone for good, and so are its values', async () => {
  now += 2 * DAY_MS;
  expect(await listed()).toEqual([]);
  await transact([['restore-attr', text]]);
  expect([isKnown(), held()]).toEqual([false, 0]);
  const { result } = await ask({ op: 'add-query', q: { todos: {} } });
  expect(valuesOf(result, todos.attr('todos', 'position'))).toEqual([1]);
});

test('a restart brings nothing of it back', async () => {
  now += 2 * DAY_MS;
  await transact(todos.put('todos', id, { position: 2 }));
  await backend.close();
  backend = await start();
  app = backend.app(app.id) as BackendApp;
  expect([isKnown(), held()]).toEqual([false, 0]);
});

test('one that time runs out for while nothing runs goes with the next transaction', async () => {
  await backend.close();
  now += 3 * DAY_MS;
  backend = await start();
  app = backend.app(app.id) as BackendApp;
  expect([isKnown(), held(), await listed()]).toEqual([true, 1, []]);
  await transact(todos.put('todos', id, { position: 2 }));
  expect([isKnown(), held()]).toEqual([false, 0]);
});

test('an attribute with its id can be added anew, even if that is no longer indexed', async () => {
  const position = todos.attr('todos', 'position');
  await transact([['delete-attr', position]]);
  now += 2 * DAY_MS;
  const attr = {
    id: position,
    'forward-identity': [crypto.randomUUID(), 'todos', 'position'],
    'value-type': 'blob',
    cardinality: 'one',
    'unique?': false,
    'index?': false,
  };
  await transact([
    ['add-attr', attr],
    ['add-triple', id, position, 7],
  ]);
  expect(app.snapshot().triples.filter(([, a]) => a === position)).toEqual([[id, position, 7, now]]);
  const { result } = await ask({ op: 'add-query', q: { todos: { $: { where: { position: 7 } } } } });
  expect(valuesOf(result, position)).toEqual([7]);
});
