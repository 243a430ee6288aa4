import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonValue } from '../../protocol/json.ts';
import { guestOf } from '../permissions/guest.fixture.ts';
import { backendForTests } from '../testing/backend-for-tests.ts';
import { HttpClient } from '../testing/http-client.ts';
import { RawSession } from '../testing/raw-session.ts';
import { computationsOf, createTodoApp, type TodoApp } from '../testing/todos.ts';

// As on an Instant server: on whose behalf a session acts is settled when it opens, and stays so until it ends.

let todos: TodoApp;
let admin: HttpClient;
let user: { id: string; token: string };

const backend = await backendForTests();

const TODO = '00000000-0000-4000-8000-000000000001';
const QUERY = { todos: {} };

beforeEach(async () => {
  todos = createTodoApp(backend);
  admin = new HttpClient(backend.url, { 'app-id': todos.app.id }).as(todos.app.adminToken);
  user = await guestOf(backend, todos.app);
  await write(['update', 'todos', TODO, { text: 'for the few', position: 1 }]);
});

async function write(step: JsonValue): Promise<void> {
  expect((await admin.post('/admin/transact', { steps: [step] })).status).toBe(200);
}

const open = (): Promise<RawSession> => {
  return RawSession.init(backend, todos.app, { 'refresh-token': user.token });
};

function refusalOfToken(): Promise<unknown> {
  return open().catch((error: Error) => error.message);
}

const tree = (session: RawSession) => session.ask({ op: 'add-query', q: QUERY, 'return-type': 'tree' });

/** The todos that the next refresh of a session tells. */
async function refreshed(session: RawSession): Promise<unknown> {
  const [computation] = computationsOf(await session.nextOf('refresh-ok'));
  return computation?.['instaql-result'];
}

describe('an open session', () => {
  test.each([
    ['is signed out', () => admin.post('/admin/sign_out', { id: user.id })],
    ['is deleted', () => admin.delete(`/admin/users?id=${user.id}`)],
  ])('outlives its token: it acts for its user when that %s', async (_, endUser) => {
    todos.app.setRules({
      todos: { allow: { view: `auth.id == '${user.id}'`, update: `auth.id == '${user.id}'` } },
    });
    const session = await open();
    expect((await endUser()).status).toBe(200);
    expect(await tree(session)).toMatchObject({ result: { todos: [{ id: TODO }] } });
    const steps = todos.put('todos', TODO, { text: 'still mine' });
    expect(await session.ask({ op: 'transact', 'tx-steps': steps })).toMatchObject({ op: 'transact-ok' });
    expect(await refreshed(session)).toMatchObject({ todos: [{ text: 'still mine' }] });
    // Its token opens no other.
    expect(await refusalOfToken()).toContain('Record not found: app-user');
    await session.close();
  });

  test('knows nothing of a deleted user but who it was, and so does a live query', async () => {
    await write(['update', '$users', user.id, { role: 'editor' }]);
    todos.app.setRules({
      todos: { allow: { view: "auth.role == 'editor'", update: "auth.role == 'editor'" } },
    });
    const session = await open();
    expect(await tree(session)).toMatchObject({ result: { todos: [{ id: TODO }] } });
    await admin.delete(`/admin/users?id=${user.id}`);
    expect(await refreshed(session)).toEqual({ todos: [] });
    const steps = todos.put('todos', TODO, { text: 'no longer mine' });
    expect(await session.ask({ op: 'transact', 'tx-steps': steps })).toMatchObject({
      op: 'error',
      type: 'permission-denied',
    });
    await session.close();
  });

  test('gets no right back that its user had lost before it was deleted', async () => {
    await write(['update', '$users', user.id, { role: 'editor' }]);
    todos.app.setRules({ todos: { allow: { view: "auth.role == 'editor'" } } });
    const session = await open();
    await write(['update', '$users', user.id, { role: 'reader' }]);
    await admin.delete(`/admin/users?id=${user.id}`);
    expect(await tree(session)).toMatchObject({ result: { todos: [] } });
    await session.close();
  });
});

describe('a wrong admin token', () => {
  const WRONG = '11111111-2222-4333-8444-555555555555';

  test('is not repeated in what refuses it', async () => {
    const session = await RawSession.open(backend.websocketURI);
    const init = { op: 'init', 'app-id': todos.app.id, '__admin-token': WRONG };
    const { op, type, message, hint } = await session.ask(init);
    expect({ op, type }).toEqual({ op: 'error', type: 'record-not-found' });
    expect(JSON.stringify({ message, hint })).not.toContain(WRONG);
    await session.close();
    const refused = await admin.as(WRONG).post('/admin/query', { query: QUERY });
    expect(refused.body).toMatchObject({ type, message, hint });
    expect(JSON.stringify(refused)).not.toContain(WRONG);
  });
});
