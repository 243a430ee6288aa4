import { type InstantNodeDatabase, id, type TransactionError } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { fakeInstant } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { switchedNetwork } from '../support/network.ts';
import { eventIdOf, freshKey, open, serveApp } from '../support/open.ts';
import { goal, type Schema } from '../support/schema.ts';

/** A server that leaves messages of one op without an answer. */
function silentOn(op: string) {
  return fakeInstant({ answer: (message, _peer, good) => (message.op === op ? undefined : good) });
}

describe('close()', () => {
  test('closes once, and each call waits for the same end', async () => {
    const db = open(await serveApp());
    await db.ready();
    const first = db.close();
    expect(db.close()).toBe(first);
    expect(db[Symbol.asyncDispose]()).toBe(first);
    await first;
    await db.close();
    expect(() => db.shutdown()).not.toThrow();
    expect(db.stats().status).toBe('closed');
  });

  test('closes the connection', async () => {
    const server = await fakeInstant();
    const db = open(server.address);
    await db.ready();
    const peer = await server.peers.first();
    await db.close();
    await peer.gone;
    expect(server.peers.all).toHaveLength(1);
  });

  test('waits for writes in flight to be confirmed', async () => {
    const address = await serveApp();
    const [writer, reader] = [open(address), open(address)];
    await writer.ready();
    const run = id();
    const written = writer.transact(goal(run).create({ title: 'Run' }));
    await writer.close();
    expect(await written).toMatchObject({ status: 'synced' });
    expect((await reader.queryOnce({ goals: {} })).data.goals).toMatchObject([{ id: run }]);
  });

  test('with timeoutMs 0 a write without an answer rejects with code "closed"', async () => {
    const server = await silentOn('transact');
    const db = open(server.address);
    await db.ready();
    const written = db.transact(goal(id()).create({ title: 'Run' }));
    const rejected = expect(written).rejects.toMatchObject({ code: 'closed', hint: expect.any(String) });
    await db.close({ timeoutMs: 0 });
    await rejected;
  });

  test('tells of writes that were acknowledged and kept in memory alone', async () => {
    const network = switchedNetwork(false);
    const db = open((await silentOn('transact')).address, { network });
    await network.listenedTo;
    const lost = inbox<TransactionError>();
    db.subscribeTransactionErrors(lost.push);
    const run = id();
    const result = await db.transact(goal(run).create({ title: 'Run' }));
    expect(result.status).toBe('enqueued');
    await db.close();
    expect(lost.all).toMatchObject([
      {
        eventId: eventIdOf(result),
        type: 'closed',
        isKept: false,
        hint: expect.any(String),
        outcome: 'not-applied',
      },
    ]);
    expect(lost.all[0]?.steps).toContainEqual([
      'add-triple',
      run,
      expect.any(String),
      'Run',
      expect.anything(),
    ]);
  });

  test('settles what still waits: ready(), queryOnce(), watch()', async () => {
    const mute = await silentOn('init');
    const connecting = open(mute.address);
    const ready = expect(connecting.ready()).rejects.toMatchObject({ code: 'closed' });
    await connecting.close();
    await ready;

    const { address } = await silentOn('add-query');
    const db = open(address);
    await db.ready();
    const once = expect(db.queryOnce({ goals: {} })).rejects.toMatchObject({ code: 'closed' });
    const watched = db.watch({ goals: {} }).next();
    await db.close();
    await once;
    expect(await watched).toEqual({ done: true, value: undefined });
  });

  test('settles an HTTP call that the server leaves without an answer', async () => {
    const { address } = await fakeInstant({ http: () => 'never' });
    const db = open(address);
    await db.ready();
    const sent = expect(db.auth.sendMagicCode({ email: 'a@b.c' })).rejects.toMatchObject({ code: 'closed' });
    await db.close();
    await sent;
  });

  test('refuses a timeoutMs that is no number from 0, and stays open', async () => {
    const db = open(await serveApp());
    await db.ready();
    for (const timeoutMs of [-1, Number.NaN, '1' as never]) {
      await expect(db.close({ timeoutMs })).rejects.toMatchObject({ code: 'invalid-config' });
    }
    await db.queryOnce({ goals: {} });
  });

  test('makes init() with the same options open a new database', async () => {
    const address = await serveApp();
    const instanceKey = freshKey();
    const first = open(address, { instanceKey });
    const closing = first.close();
    const second = open(address, { instanceKey });
    expect(second).not.toBe(first);
    await closing;
    expect(open(address, { instanceKey })).toBe(second);
    await second.ready();
  });

  test('says nothing more to subscribers', async () => {
    const address = await serveApp();
    const db = open(address);
    const calls: unknown[] = [];
    db.subscribeQuery({ goals: {} }, (answer) => calls.push(answer));
    await db.queryOnce({ goals: {} });
    await db.close();
    const before = calls.length;
    const other = open(address);
    await other.ready();
    await other.transact(goal(id()).create({ title: 'Run' }));
    expect(calls).toHaveLength(before);
  });
});

test('await using closes the database at the end of the block, also by an exception', async () => {
  const address = await serveApp();
  const opened: InstantNodeDatabase<Schema>[] = [];
  const block = async (): Promise<void> => {
    await using db = open(address);
    opened.push(db);
    await db.ready();
    throw new Error('mine');
  };
  await expect(block()).rejects.toThrow('mine');
  expect(opened[0]?.stats().status).toBe('closed');
});

test('shutdown() rejects what waits and closes the connection', async () => {
  const server = await silentOn('transact');
  const db = open(server.address);
  await db.ready();
  const peer = await server.peers.first();
  const written = db.transact(goal(id()).create({ title: 'Run' }));
  const rejected = expect(written).rejects.toMatchObject({ code: 'closed', outcome: 'unknown' });
  db.shutdown();
  await rejected;
  await expect(db.transact(goal(id()).create({ title: 'Run' }))).rejects.toMatchObject({
    code: 'closed',
    outcome: 'not-applied',
  });
  await peer.gone;
});
