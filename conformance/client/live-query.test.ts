import { id } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { addressOf, follow, freshKey, open, serve, serveApp } from '../support/open.ts';
import { author, goal } from '../support/schema.ts';

describe('ready()', () => {
  test('resolves once the session is accepted, and at once from then on', async () => {
    const db = open(await serveApp());
    await db.ready();
    expect(db.stats()).toMatchObject({ status: 'authenticated', connections: 1 });
    await db.ready({ signal: new AbortController().signal });
  });

  test('rejects with code "connection-failed" and what the server said when it refuses the session', async () => {
    const backend = await serve();
    const db = open({ ...addressOf(backend), appId: id() });
    await expect(db.ready()).rejects.toMatchObject({
      code: 'connection-failed',
      message: expect.stringContaining('Record not found: app'),
      hint: expect.stringContaining(backend.url),
    });
    expect(db.stats().status).toBe('errored');
  });

  test('rejects with the advice of the server where it gives one', async () => {
    const db = open(await serveApp(), { adminToken: 'none of this app' });
    await expect(db.ready()).rejects.toMatchObject({
      code: 'connection-failed',
      hint: expect.stringContaining('admin token'),
    });
  });

  test('rejects with the reason of its signal, before and while it waits', async () => {
    const reason = new Error('enough');
    const db = open({ appId: id(), apiURI: 'http://127.0.0.1:1', websocketURI: 'ws://127.0.0.1:1/x' });
    await expect(db.ready({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const waiting = db.ready({ signal: controller.signal });
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});

describe('subscribeQuery()', () => {
  test('answers with what is there, then with each change, on every client', async () => {
    const address = await serveApp();
    const [writer, reader] = [open(address), open(address)];
    const seen = follow(reader, { goals: {} });
    expect((await seen.next()).data).toEqual({ goals: [] });

    const run = id();
    await writer.transact(goal(run).update({ title: 'Run' }));
    expect((await seen.next()).data).toMatchObject({ goals: [{ id: run, title: 'Run' }] });
    await writer.transact(goal(run).update({ title: 'Walk' }));
    expect((await seen.next()).data).toMatchObject({ goals: [{ id: run, title: 'Walk' }] });
  });

  test('says nothing to a query that a write does not touch', async () => {
    const address = await serveApp();
    const [writer, reader] = [open(address), open(address)];
    const goals = follow(reader, { goals: {} });
    const authors = follow(reader, { authors: {} });
    await authors.next();
    await goals.next();
    await writer.transact(author(id()).update({ name: 'Ann' }));
    await authors.next();
    expect(goals.all).toHaveLength(1);
  });

  test('says nothing any more after unsubscribing, and other subscribers of the query go on', async () => {
    const db = open(await serveApp());
    const stays = follow(db, { goals: {} });
    const leaves: unknown[] = [];
    const unsubscribe = db.subscribeQuery({ goals: {} }, (answer) => leaves.push(answer));
    await stays.next();
    expect(leaves).toHaveLength(1);
    unsubscribe();
    await db.transact(goal(id()).update({ title: 'Run' }));
    await stays.next();
    expect(leaves).toHaveLength(1);
    expect(db.stats()).toMatchObject({ queries: 1, subscriptions: 1 });
  });

  test('answers a second subscriber from what the first was told', async () => {
    const db = open(await serveApp());
    await follow(db, { goals: {} }).next();
    const answers: unknown[] = [];
    db.subscribeQuery({ goals: {} }, ({ data }) => answers.push(data));
    expect(answers).toEqual([{ goals: [] }]);
  });

  test('throws at once for a query that does not fit the schema', async () => {
    const db = open(await serveApp());
    // @ts-expect-error There is no such entity.
    expect(() => db.subscribeQuery({ goal: {} }, () => {})).toThrow(
      expect.objectContaining({ name: 'QueryValidationError' }),
    );
  });

  test('gives the error of a query that the server refuses', async () => {
    const db = open(await serveApp(), { disableValidation: true });
    const { error } = await follow(db, { goals: { $: { where: { title: { $nope: 1 } as never } } } }).next();
    expect(error?.message).toContain('Validation failed for');
  });
});

describe('queryOnce()', () => {
  test('rejects with what the server said when it refuses the session, however early it was called', async () => {
    const db = open({ ...(await serveApp()), appId: id() });
    const refused = { code: 'connection-failed', message: expect.stringContaining('Record not found: app') };
    await expect(db.queryOnce({ goals: {} })).rejects.toMatchObject(refused);
    expect(db.stats().status).toBe('errored');
    await expect(db.queryOnce({ goals: {} })).rejects.toMatchObject(refused);
  });

  test('resolves with the answer of the server, and keeps no subscription', async () => {
    const address = await serveApp();
    const [writer, reader] = [open(address), open(address)];
    const run = id();
    await writer.transact(goal(run).create({ title: 'Run' }));
    await reader.ready();
    const { data } = await reader.queryOnce({ goals: {} });
    expect(data.goals).toMatchObject([{ id: run, title: 'Run' }]);
    expect(reader.stats()).toMatchObject({ queries: 0, subscriptions: 0 });
  });

  test('asked before the session is open it is answered all the same', async () => {
    const { data } = await open(await serveApp()).queryOnce({ goals: {} });
    expect(data).toEqual({ goals: [] });
  });

  test('rejects with what the server says of a query that it refuses', async () => {
    const db = open(await serveApp(), { disableValidation: true });
    const query = { goals: { $: { where: { title: { $nope: 1 } as never } } } };
    await expect(db.queryOnce(query)).rejects.toMatchObject({
      message: expect.stringContaining('Validation failed for'),
    });
  });
});

describe('getLocalId()', () => {
  test('gives each name an id of its own and keeps to it', async () => {
    const address = await serveApp();
    const instanceKey = freshKey();
    const db = open(address, { instanceKey });
    const [first, again, other] = await Promise.all(['a', 'a', 'b'].map((name) => db.getLocalId(name)));
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    expect(await db.getLocalId('a')).toBe(first);
  });
});
