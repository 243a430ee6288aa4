import { id, lookup } from '@instantdb/node';
import { expect, test } from 'vitest';
import { follow, open, serveApp } from '../support/open.ts';
import { author, goal } from '../support/schema.ts';

test('transact() resolves as synced with the event id of the write', async () => {
  const db = open(await serveApp());
  await db.ready();
  const result = await db.transact(goal(id()).create({ title: 'Run' }));
  expect(result).toEqual({ status: 'synced', eventId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
});

test('db.tx writes what the helpers of these tests write', async () => {
  const db = open(await serveApp());
  const run = id();
  await db.ready();
  await db.transact([db.tx.goals[run]?.create({ title: 'Run' }) ?? []].flat());
  expect((await db.queryOnce({ goals: {} })).data.goals).toMatchObject([{ id: run, title: 'Run' }]);
});

test('create, update, merge, link, unlink and delete arrive on another client', async () => {
  const address = await serveApp();
  const [writer, reader] = [open(address), open(address)];
  const seen = follow(reader, { goals: { author: {} } });
  expect((await seen.next()).data?.goals).toEqual([]);
  const arrived = async (): Promise<unknown> => (await seen.next()).data?.goals[0];
  const [run, ann] = [id(), id()];

  await writer.transact(goal(run).create({ title: 'Run', details: { km: 5, where: { city: 'Rome' } } }));
  expect(await arrived()).toMatchObject({
    id: run,
    title: 'Run',
    details: { km: 5, where: { city: 'Rome' } },
  });

  await writer.transact(goal(run).update({ priority: 1 }));
  expect(await arrived()).toMatchObject({ title: 'Run', priority: 1 });

  await writer.transact(goal(run).merge({ details: { km: null, where: { street: 'Via Appia' } } }));
  expect(await arrived()).toMatchObject({ details: { where: { city: 'Rome', street: 'Via Appia' } } });

  await writer.transact([author(ann).create({ name: 'Ann' }), goal(run).link({ author: ann })]);
  expect(await arrived()).toMatchObject({ author: { id: ann, name: 'Ann' } });

  await writer.transact(goal(run).unlink({ author: ann }));
  expect(await arrived()).not.toHaveProperty('author.id');

  await writer.transact(goal(run).delete());
  expect((await seen.next()).data?.goals).toEqual([]);
});

test('a lookup names an entity by a unique attribute, and makes it when it is not there', async () => {
  const db = open(await serveApp());
  await db.ready();
  await db.transact(goal(lookup('slug', 'run')).update({ title: 'Run' }));
  await db.transact(goal(lookup('slug', 'run')).update({ title: 'Run far' }));
  const { data } = await db.queryOnce({ goals: {} });
  expect(data.goals).toMatchObject([{ slug: 'run', title: 'Run far' }]);
});

test('the writes of one transaction arrive as one answer', async () => {
  const address = await serveApp();
  const [writer, reader] = [open(address), open(address)];
  const seen = follow(reader, { goals: {} });
  await seen.next();
  await writer.transact(['a', 'b', 'c'].map((title) => goal(id()).create({ title })));
  expect((await seen.next()).data?.goals).toHaveLength(3);
  expect(seen.all).toHaveLength(2);
});

test('writes in flight at once are applied in the order they were made', async () => {
  const address = await serveApp();
  const [writer, reader] = [open(address), open(address)];
  const run = id();
  await writer.ready();
  const priorities = Array.from({ length: 50 }, (_, priority) => priority);
  const results = await Promise.all(
    priorities.map((priority) => writer.transact(goal(run).update({ title: 'Run', priority }))),
  );
  expect(results.every(({ status }) => status === 'synced')).toBe(true);
  const { data } = await reader.queryOnce({ goals: {} });
  expect(data.goals).toMatchObject([{ id: run, priority: 49 }]);
});

test('a write that does not fit the schema throws at once and changes nothing', async () => {
  const db = open(await serveApp());
  const seen = follow(db, { goals: {} });
  await seen.next();
  expect(() => db.transact(goal(id()).update({ title: 1 as never }))).toThrow(
    expect.objectContaining({ name: 'TransactionValidationError' }),
  );
  expect(db.pendingTransactions()).toEqual([]);
  expect(seen.all).toHaveLength(1);
});
