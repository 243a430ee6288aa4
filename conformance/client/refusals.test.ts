import * as core from '@instantdb/core';
import { InstantAPIError, InstantError, id, isServerRefusal, type ServerRefusal } from '@instantdb/node';
import { expect, test } from 'vitest';
import { fakeInstant, refusalOf } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { addressOf, follow, open, serve } from '../support/open.ts';
import { author, goal, schema } from '../support/schema.ts';

/** What `work` rejects with. */
async function reasonOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.unreachable('It was not refused'),
    (reason: unknown) => reason,
  );
}

/** What core's own programs, and those that know more, may rely on. */
function expectRefusal(reason: unknown, said: Partial<ServerRefusal>): void {
  expect(reason).toBeInstanceOf(InstantAPIError);
  expect(reason).toBeInstanceOf(InstantError);
  expect(reason).toBeInstanceOf(core.InstantError);
  expect(reason).toMatchObject({ ...said, name: 'InstantAPIError' });
  expect((reason as InstantAPIError).body?.type).toBe(said.type);
  expect(isServerRefusal(reason)).toBe(true);
  expect(isServerRefusal(reason, said.type)).toBe(true);
  expect(isServerRefusal(reason, 'another')).toBe(false);
}

const waysOf = (db: ReturnType<typeof open>) => ({
  transact: () => reasonOf(db.transact(goal(id()).update({ title: 'Run' }))),
  queryOnce: () => reasonOf(db.queryOnce({ goals: {} })),
  watch: () => reasonOf(db.watch({ goals: {} }).next()),
});
type Way = keyof ReturnType<typeof waysOf>;
const ways: readonly Way[] = ['transact', 'queryOnce', 'watch'];

/** A server that refuses every write and query. */
function refusingServer(error: Parameters<typeof refusalOf>[1]): ReturnType<typeof fakeInstant> {
  return fakeInstant({
    answer: (message, _peer, good) =>
      message.op === 'transact' || message.op === 'add-query' ? refusalOf(message, error) : good,
  });
}

test.each([
  ['unique', 'record-not-unique'],
  ['existing', 'validation-failed'],
  ['missing', 'validation-failed'],
  ['permission', 'permission-denied'],
] as const)('a transact() that is refused as %s is told from the others', async (code, type) => {
  const backend = await serve();
  const rules = { authors: { allow: { create: 'false' } } };
  const db = open(addressOf(backend, backend.createApp({ schema, rules })));
  await db.ready();
  const run = id();
  await db.transact(goal(run).create({ title: 'Run', slug: 'run' }));
  const refused = {
    unique: goal(id()).create({ title: 'Run again', slug: 'run' }),
    existing: goal(run).create({ title: 'Run again' }),
    missing: goal(id()).update({ title: 'Run' }, { upsert: false }),
    permission: author(id()).create({ name: 'Ann' }),
  }[code];
  const reason = await reasonOf(db.transact(refused));
  expectRefusal(reason, {
    type,
    code,
    status: 400,
    message: (reason as Error).message,
    hint: expect.anything(),
  });
});

test.each(ways)(
  '%s that the server refuses rejects with its message, hint, trace, type and status',
  async (way) => {
    const hint = { input: ['goals', 'object'], expected: 'perms-pass?' };
    const said = { message: 'Permission denied', type: 'permission-denied', status: 403, hint };
    const server = await refusingServer({ ...said, 'trace-id': 'trace' } as typeof said);
    const db = open(server.address);
    await db.ready();
    expectRefusal(await waysOf(db)[way](), { ...said, code: 'permission', traceId: 'trace' });
    expect(db.stats()).toMatchObject({ queries: 0, pendingTransactions: 0 });
  },
);

test.each(ways)('%s that fails on the server has its status, and no type', async (way) => {
  const server = await refusingServer({ message: 'Down', status: 500 });
  const db = open(server.address);
  await db.ready();
  expectRefusal(await waysOf(db)[way](), { message: 'Down', status: 500, type: undefined, code: undefined });
});

test('a live query is given what core gives, and what else the server said', async () => {
  const hint = { expected: 'perms-pass?' };
  const said = { message: 'No', type: 'permission-denied', status: 400, hint };
  const db = open((await refusingServer(said)).address);
  const { error } = await follow(db, { goals: {} }).next();
  expect(error).toEqual({ ...said, code: 'permission' });
  expect(JSON.parse(JSON.stringify(error))).toEqual({ ...said, code: 'permission' });
  expect(isServerRefusal(error, 'permission-denied')).toBe(true);
  const paged = inbox<unknown>();
  db.subscribeInfiniteQuery({ goals: { $: { limit: 1 } } }, ({ error: one }) => paged.push(one));
  expect(await paged.next()).toEqual({ ...said, code: 'permission' });
});

test('a write that is refused after it was enqueued is told with its type, code and status', async () => {
  const said = { message: 'Taken', type: 'record-not-unique', status: 409 };
  const db = open((await refusingServer(said)).address);
  const told = inbox<unknown>();
  db.subscribeTransactionErrors(told.push);
  // Before there is a session.
  expect(await db.transact(goal(id()).update({ title: 'Run' }))).toMatchObject({ status: 'enqueued' });
  expect(await told.next()).toMatchObject({ ...said, code: 'unique', isKept: false });
});

test('what this side refuses has nothing of the server, also within its refusal of something else', async () => {
  const db = open((await refusingServer({ message: 'No', type: 'permission-denied' })).address);
  await db.ready();
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const reason = new Promise<unknown>((resolve) => {
    const unsubscribe = db.subscribeQuery({ goals: {} }, () => {
      unsubscribe();
      db.transact(goal(id()).update({ details: circle })).catch(resolve);
    });
  });
  expect(await reason).toMatchObject({ name: 'InstantError' });
  expect(isServerRefusal(await reason)).toBe(false);
  for (const other of [undefined, null, 'No', {}, new InstantError('No')])
    expect(isServerRefusal(other)).toBe(false);
});

test('an app that takes no writes refuses them alike, whether the server or this side says so', async () => {
  const backend = await serve();
  const app = backend.createApp({ schema });
  const db = open(addressOf(backend, app));
  await db.ready();
  const statuses = inbox<boolean | undefined>();
  db.subscribeAppStatus(({ isReadOnly }) => statuses.push(isReadOnly));
  const refusal = (): Promise<unknown> =>
    db.transact(goal(id()).update({ title: 'x' })).catch((error: unknown) => error);
  const expected = { type: 'app-read-only', status: 400, message: 'This app is in read-only mode.' };
  app.setStatus('read-only');
  await statuses.first((isReadOnly) => isReadOnly === true);
  const here = await refusal();
  expect(here).toBeInstanceOf(InstantAPIError);
  expect(here).toMatchObject(expected);
  expect(isServerRefusal(here, 'app-read-only')).toBe(true);
});
