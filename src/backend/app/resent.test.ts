import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { provideBetterSqlite3 } from '../../../conformance/support/better-sqlite3.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { type Backend, startBackend } from '../index.ts';
import { type Message, RawSession } from '../testing/raw-session.ts';
import { createTodoApp, type TodoApp } from '../testing/todos.ts';

provideBetterSqlite3();

/** More than were remembered once, and than a client has in flight as a rule. */
const IN_FLIGHT = 12_000;

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

async function start(data?: string): Promise<Backend> {
  const backend = await startBackend(data === undefined ? {} : { data });
  open.push(backend);
  return backend;
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'instant-resent-'));
  open.push({ close: () => rmSync(path, { recursive: true, force: true }) });
  return join(path, 'data');
}

async function sendAll(backend: Backend, id: string, events: readonly JsonObject[]): Promise<Message[]> {
  const app = backend.app(id);
  if (!app) throw new Error(`There is no app ${id}`);
  const session = await RawSession.init(backend, app, { '__admin-token': app.adminToken });
  for (const event of events) session.send(event);
  const answers: Message[] = [];
  for (const _ of events) answers.push(await session.take((message) => message.op !== 'refresh-ok'));
  await session.close();
  return answers;
}

/** Each makes an entity that may not be there yet, and gives all of them one counter's next number. */
function creations({ attr }: TodoApp, nameOf: (n: number) => string, count: number): JsonObject[] {
  const counter = crypto.randomUUID();
  return Array.from({ length: count }, (_, n) => {
    const id = crypto.randomUUID();
    const steps: JsonValue = [
      ['add-triple', id, attr('people', 'id'), id, { mode: 'create' }],
      ['add-triple', counter, attr('todos', 'id'), counter],
      ['add-triple', counter, attr('todos', 'position'), n],
    ];
    return { op: 'transact', 'client-event-id': nameOf(n), 'tx-steps': steps };
  });
}

/** As other languages make ids: 26 characters, no UUID. */
const ulid = (n: number): string => `01JDX4T0000000000${n.toString(32).padStart(9, '0')}`.toUpperCase();

describe.each([
  ['in memory', () => undefined],
  ['with a folder, and a restart', folder],
])('transactions that are sent again, %s,', (_, makeFolder) => {
  test.each([
    ['UUIDs', () => crypto.randomUUID()],
    ['other names', ulid],
  ])('happen once and are answered as they were, under %s', async (_kind, nameOf) => {
    const data = makeFolder();
    const first = await start(data);
    const todos = createTodoApp(first);
    const events = creations(todos, nameOf, IN_FLIGHT);
    const answers = await sendAll(first, todos.app.id, events);
    expect(new Set(answers.map(({ op }) => op))).toEqual(new Set(['transact-ok']));
    const before = todos.app.snapshot();

    if (data !== undefined) await first.close();
    const second = data === undefined ? first : await start(data);
    expect(await sendAll(second, todos.app.id, events)).toEqual(answers);
    expect(second.app(todos.app.id)?.snapshot()).toEqual(before);
  });
});

test('a name that is short may stand for something else the next time, and is not taken for the same', async () => {
  const backend = await start();
  const todos = createTodoApp(backend);
  const events = creations(todos, (n) => `evt-${n % 3}`, 9);
  const answers = await sendAll(backend, todos.app.id, events);
  expect(new Set(answers.map((answer) => answer['tx-id'])).size).toBe(9);
});
