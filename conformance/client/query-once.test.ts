import { id } from '@instantdb/node';
import { expect, test } from 'vitest';
import { fakeInstant } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { follow, open } from '../support/open.ts';
import { freePort } from '../support/redis.ts';
import { goal } from '../support/schema.ts';

/** A server that answers no query until it is told to, and what it was sent beside sessions. */
async function holdingServer() {
  const sent = inbox<{ op: unknown; answer: () => void }>();
  const server = await fakeInstant({
    answer: (message, peer, good) => {
      if (message.op === 'init') return good;
      sent.push({ op: message.op, answer: () => good && peer.send(good) });
      return message.op === 'add-query' ? undefined : good;
    },
  });
  return { server, sent, ops: () => sent.all.map(({ op }) => op) };
}

test('a query that is not answered in time says which, and the state of the connection', async () => {
  const { server, sent } = await holdingServer();
  const db = open(server.address);
  await db.ready();
  const query = { goals: { $: { where: { title: 'a secret' } }, author: {} } };
  const answer = db.queryOnce(query, { timeoutMs: 1, ruleParams: { token: 'a secret' } });
  const reason = await answer.catch((error: unknown) => error);
  expect(reason).toMatchObject({
    name: 'InstantNodeError',
    code: 'timeout',
    message:
      'Query timed out: no answer to { goals: { author } } within 1 ms, and the connection is "authenticated"',
    hint: expect.stringContaining('timeoutMs'),
  });
  expect(reason).not.toHaveProperty('cause');
  // Nobody listens to it any more.
  await sent.first(({ op }) => op === 'remove-query');
  expect(db.stats().queries).toBe(0);
});

test('a query that is not answered in time says what the connection last failed with', async () => {
  const port = await freePort();
  const db = open({
    appId: id(),
    apiURI: `http://127.0.0.1:${port}`,
    websocketURI: `ws://127.0.0.1:${port}`,
  });
  const failed = inbox<Error>();
  db.subscribeErrors(failed.push);
  const told = await failed.next();
  const reason = await db.queryOnce({ goals: {} }, { timeoutMs: 1 }).catch((error: unknown) => error);
  expect(reason).toMatchObject({
    code: 'timeout',
    cause: { code: 'connection-failed', message: told.message },
  });
  expect((reason as Error).message).toMatch(
    /^Query timed out: no answer to \{ goals \} within 1 ms, and the connection is "(closed|connecting)"; before that: Cannot open a session/,
  );
});

test('a query that is aborted rejects with the reason, and is removed when nobody else waits for it', async () => {
  const { server, sent, ops } = await holdingServer();
  const db = open(server.address);
  await db.ready();
  const controller = new AbortController();
  const [given, kept] = [
    db.queryOnce({ goals: {} }, { signal: controller.signal }),
    db.queryOnce({ goals: {} }),
  ];
  const reason = new Error('enough');
  controller.abort(reason);
  await expect(given).rejects.toBe(reason);
  const asked = await sent.first(({ op }) => op === 'add-query');
  expect(ops()).not.toContain('remove-query');
  asked.answer();
  expect((await kept).data).toEqual({ goals: [] });
  await sent.first(({ op }) => op === 'remove-query');

  const last = new AbortController();
  const alone = db.queryOnce({ authors: {} }, { signal: last.signal });
  last.abort(reason);
  await expect(alone).rejects.toBe(reason);
  await sent.next(({ op }) => op === 'remove-query');
  await sent.next(({ op }) => op === 'remove-query');
  expect(db.stats().queries).toBe(0);
});

test('a signal that was aborted before lets nothing be asked', async () => {
  const { server, ops } = await holdingServer();
  const db = open(server.address);
  await db.ready();
  const reason = new Error('enough');
  await expect(db.queryOnce({ goals: {} }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(db.stats().queries).toBe(0);
  await db.close();
  expect(ops()).toEqual([]);
});

test('an aborted query leaves a live query of the same alone', async () => {
  const { server, sent, ops } = await holdingServer();
  const db = open(server.address);
  await db.ready();
  const live = follow(db, { goals: {} });
  const controller = new AbortController();
  const once = db.queryOnce({ goals: {} }, { signal: controller.signal });
  controller.abort();
  await expect(once).rejects.toMatchObject({ name: 'AbortError' });
  (await sent.first(({ op }) => op === 'add-query')).answer();
  expect((await live.next()).data).toEqual({ goals: [] });
  expect(ops()).not.toContain('remove-query');
});

test('an answered query keeps neither its timer nor its place at the signal', async () => {
  const { address } = await fakeInstant();
  const db = open(address);
  const controller = new AbortController();
  let listeners = 0;
  const { signal } = controller;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  await db.queryOnce({ goals: {} }, { signal, timeoutMs: Number.POSITIVE_INFINITY });
  await expect.poll(() => listeners).toBe(0);
});

test('offline a query is refused at once, whatever its options', async () => {
  const network = { getIsOnline: () => Promise.resolve(false), listen: () => () => {} };
  const { address } = await fakeInstant();
  const db = open(address, { network });
  await expect.poll(() => db.stats().status).toBe('closed');
  const options = { timeoutMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
  await expect(db.queryOnce({ goals: {} }, options)).rejects.toThrow('offline');
});

test.each([
  [{ timeoutMs: 0 }, 'timeoutMs is 0'],
  [{ timeoutMs: -1 }, 'timeoutMs is -1'],
  [{ timeoutMs: Number.NaN }, 'timeoutMs is NaN'],
  [{ timeoutMs: 2 ** 31 }, 'timeoutMs is 2147483648'],
  [{ timeoutMs: '5' }, 'timeoutMs is of type string'],
  [{ timeoutMs: null }, 'timeoutMs is null'],
  [{ signal: 1 }, 'signal is 1'],
  [{ signal: {} }, 'signal is of type object'],
  [5, 'its options are 5'],
])('queryOnce() with %o throws at the call', async (options, message) => {
  const { address } = await fakeInstant();
  const db = open(address);
  expect(() => db.queryOnce({ goals: {} }, options as never)).toThrow(
    expect.objectContaining({ code: 'invalid-config', message: expect.stringContaining(message) }),
  );
  expect(db.stats().queries).toBe(0);
});

test('a query that the server has already, and has not answered yet, waits for the answer', async () => {
  const asked = inbox<() => void>();
  const server = await fakeInstant({
    answer(message, peer, good) {
      if (message.op !== 'add-query') return good;
      asked.push(() => good && peer.send(good));
      return asked.all.length === 1 ? undefined : { op: 'add-query-exists', q: message.q };
    },
  });
  const db = open(server.address);
  await db.ready();
  follow(db, { goals: {} });
  const answer = db.queryOnce({ goals: {} });
  const stillWaits = Symbol('still waits');
  await asked.first(() => asked.all.length === 2);
  // What the server has said before this has arrived.
  await db.transact(goal(id()).update({ title: 'x' }));
  expect(await Promise.race([answer, Promise.resolve(stillWaits)])).toBe(stillWaits);
  (await asked.next())();
  expect((await answer).data.goals).toHaveLength(1);
});
