import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import {
  InstantAPIError,
  InstantError,
  type InstantNodeError,
  id,
  init,
  type TransactionError,
} from '@instantdb/node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { classStore } from '../support/class-store.ts';
import { fakeInstant, refusalOf } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { switchedNetwork } from '../support/network.ts';
import { addressOf, follow, freshKey, open, serve } from '../support/open.ts';
import { goal, schema } from '../support/schema.ts';
import { takeUncaught } from '../support/unhandled.ts';

const denied = { type: 'permission-denied', message: 'Permission denied: not perms-pass?' };
const unknownApp = { type: 'record-not-found', message: 'Record not found: app' };

const signsIn = (token = 'b') => ({ status: 200, body: { user: { id: token, refresh_token: token } } });

/** Each row of the table in docs/differences.md, by its first column. What takes more to show has a file of its own. */
const CASES: Record<string, () => Promise<void>> = {
  async 'A callback that throws'() {
    const uncaught = takeUncaught();
    const { address } = await fakeInstant();
    const db = open(address);
    const error = new Error('thrown');
    db.subscribeQuery({ goals: {} }, () => {
      throw error;
    });
    expect((await follow(db, { goals: {} }).next()).data).toEqual({ goals: [] });
    expect(await uncaught.first()).toBe(error);
  },

  async 'A callback that is no function'() {
    const { address } = await fakeInstant();
    const db = open(address);
    expect(() => db.subscribeAuth(undefined as never)).toThrow(TypeError);
    expect(() => db.subscribeQuery({ goals: {} }, {} as never)).toThrow(/subscribeQuery/);
  },

  async 'One function subscribed twice'() {
    const { address } = await fakeInstant();
    const db = open(address);
    const answers = inbox<{ data?: { goals: unknown[] } }>();
    const leave = db.subscribeQuery({ goals: {} }, answers.push);
    db.subscribeQuery({ goals: {} }, answers.push);
    await db.ready();
    leave();
    await db.transact(goal(id()).update({ title: 'x' }));
    await answers.first(({ data }) => data?.goals.length === 1);
    expect(db.stats().subscriptions).toBe(1);
  },

  async 'The identity of a database'() {
    const { address } = await fakeInstant();
    const instanceKey = freshKey();
    const [one, two] = [classStore(), classStore()].map(({ Store }) => open(address, { instanceKey, Store }));
    expect(one).not.toBe(two);
  },

  async 'An option that a method does not have'() {
    const db = open((await fakeInstant()).address);
    const options = { timeout: 5 } as never;
    expect(() => db.queryOnce({ goals: {} }, options)).toThrow(
      expect.objectContaining({ code: 'invalid-config', hint: 'Did you mean "timeoutMs"?' }),
    );
  },

  async 'A call of the HTTP API that nobody answers'() {
    const { address } = await fakeInstant();
    // A port that no browser and no runtime opens.
    const db = open({ ...address, apiURI: 'http://127.0.0.1:9' });
    await expect(db.auth.signInAsGuest()).rejects.toMatchObject({
      code: 'connection-failed',
      message: expect.stringContaining('"http://127.0.0.1:9"'),
    });
  },

  async 'An option that is `null`'() {
    const { address } = await fakeInstant();
    for (const name of [
      'websocketURI',
      'schema',
      'adminToken',
      'keepAlive',
      'storage',
      'network',
      'logger',
    ]) {
      const options = { ...address, [name]: null } as never;
      expect(() => init(options), name).toThrow(expect.objectContaining({ code: 'invalid-config' }));
      expect(() => init(options), name).toThrow(`"${name}"`);
    }
    const db = init({
      ...address,
      schema: undefined,
      adminToken: undefined,
      instanceKey: freshKey(),
    } as never);
    onTestFinished(() => db.close());
  },

  async 'An option of a second `init`'() {
    const { address } = await fakeInstant();
    const options = { ...address, instanceKey: freshKey() };
    const db = open(address, { ...options, keepAlive: true });
    const wrong = (): unknown => db.subscribeQuery({ nothing: {} } as never, () => {});
    expect(init(options)).toBe(db);
    expect(wrong).toThrow();
    expect(init({ ...options, disableValidation: true })).toBe(db);
    expect(wrong).not.toThrow();
    expect(() => init({ ...options, keepAlive: false })).toThrow(
      expect.objectContaining({ code: 'invalid-config', message: expect.stringContaining('"keepAlive"') }),
    );
  },

  async 'A slash at the end of a URI'() {
    const { address } = await fakeInstant();
    const instanceKey = freshKey();
    const db = open(address, { instanceKey });
    expect(open({ ...address, apiURI: `${address.apiURI}/` }, { instanceKey })).toBe(db);
  },

  async 'A call after `shutdown()`'() {
    const { address } = await fakeInstant();
    const db = open(address);
    db.shutdown();
    await expect(db.queryOnce({ goals: {} })).rejects.toMatchObject({ code: 'closed' });
    expect(() => db.subscribeQuery({ goals: {} }, () => {})).toThrow(
      expect.objectContaining({ code: 'closed' }),
    );
  },

  async 'A callback after `shutdown()`'() {
    const { address } = await fakeInstant();
    const db = open(address);
    await db.ready();
    const heard = inbox<unknown>();
    db.subscribeConnectionStatus(heard.push);
    db.subscribeQuery({ goals: {} }, heard.push);
    await heard.next();
    void db.transact(goal(id()).update({ title: 'x' })).catch(() => {});
    db.shutdown();
    await db.close();
    expect(heard.all.slice(1)).toEqual(['closed']);
  },

  async 'A refused write and a refresh'() {
    const server = await fakeInstant({
      answer(message, peer, good) {
        if (message.op !== 'transact') return good;
        const computation = { 'instaql-query': { goals: {} }, 'instaql-result': [] };
        peer.send({ op: 'refresh-ok', 'processed-tx-id': 2, computations: [computation] });
        return refusalOf(message, denied);
      },
    });
    const db = open(server.address);
    const goals = follow(db, { goals: {} });
    await goals.next();
    await expect(db.transact(goal(id()).update({ title: 'x' }))).rejects.toThrow(denied.message);
    await goals.next(({ data }) => data?.goals.length === 0);
  },

  async 'A write that is refused after `enqueued`'() {
    const network = switchedNetwork(false);
    const server = await fakeInstant({
      answer: (message, _peer, good) => (message.op === 'transact' ? refusalOf(message, denied) : good),
    });
    const db = open(server.address, { network });
    const told = inbox<TransactionError>();
    db.subscribeTransactionErrors(told.push);
    await network.listenedTo;
    expect((await db.transact(goal(id()).update({ title: 'x' }))).status).toBe('enqueued');
    network.switch(true);
    expect(await told.next()).toMatchObject({ message: denied.message, isKept: false });
  },

  async 'A confirmed write that no refresh concerns'() {
    const { address } = await fakeInstant();
    const db = open(address);
    await db.ready();
    await db.transact(goal(id()).update({ title: 'x' }));
    expect(db._reactor._pendingMutations().size).toBe(0);
  },

  async 'A session that the server refuses'() {
    const { address } = await fakeInstant({
      answer: (message, _peer, good) => (message.op === 'init' ? refusalOf(message, unknownApp) : good),
    });
    const db = open(address);
    const errors = inbox<InstantNodeError>();
    db.subscribeErrors(errors.push);
    const answer = await follow(db, { goals: {} }).next();
    expect(answer.error?.message).toContain(unknownApp.message);
    await expect(db.ready()).rejects.toMatchObject({ code: 'connection-failed' });
    expect(errors.all).toHaveLength(1);
  },

  async 'A session that the server cannot accept for now'() {
    let count = 0;
    const { address } = await fakeInstant({
      answer: (message, _peer, good) =>
        message.op === 'init' && ++count < 2 ? refusalOf(message, { status: 500, message: 'Yikes' }) : good,
    });
    const db = open(address);
    db.subscribeErrors(() => {});
    await db.ready();
    expect(count).toBe(2);
  },

  async 'A sign-in, a sign-out'() {
    const server = await fakeInstant({ http: () => signsIn() });
    const db = open(server.address);
    await db.auth.signInWithToken('b');
    expect(db.stats().status).toBe('authenticated');
    expect(await db.transact(goal(id()).update({ title: 'x' }))).toMatchObject({ status: 'synced' });
  },

  async 'A change of user'() {
    const server = await fakeInstant({ http: () => signsIn(), answersClose: false });
    const db = open(server.address);
    await db.ready();
    await db.auth.signInWithToken('b');
    expect(db.stats()).toMatchObject({ status: 'authenticated', connections: 2 });
  },

  async '`queryCacheLimit`'() {
    const { address } = await fakeInstant();
    const { Store, keysWith } = classStore();
    const db = open(address, { Store, queryCacheLimit: 1 });
    const answered = (title: string): Promise<() => void> =>
      new Promise((resolve) => {
        const leave = db.subscribeQuery({ goals: { $: { where: { title } } } }, () => resolve(() => leave()));
      });
    for (const leave of await Promise.all(['a', 'b', 'c'].map(answered))) leave();
    await db.close();
    // The answer, and the list.
    expect(keysWith('querySubs')).toHaveLength(2);
  },

  async 'A frame that is not of the protocol'() {
    const server = await fakeInstant();
    const db = open(server.address);
    const errors = inbox<InstantNodeError>();
    db.subscribeErrors(errors.push);
    await db.ready();
    (await server.peers.first()).send('nonsense');
    expect(await errors.next()).toMatchObject({ code: 'protocol' });
    await db.queryOnce({ goals: {} });
  },

  async 'A refusal of the server'() {
    const { address } = await fakeInstant({
      answer: (message, _peer, good) =>
        message.op === 'transact' ? refusalOf(message, { ...denied, status: 400 }) : good,
    });
    const db = open(address);
    await db.ready();
    const refusal: unknown = await db.transact(goal(id()).update({ title: 'x' })).catch((error) => error);
    expect(refusal).toBeInstanceOf(InstantError);
    expect(refusal).toBeInstanceOf(InstantAPIError);
    expect(refusal).toMatchObject({ type: 'permission-denied', status: 400, code: 'permission' });
  },

  async 'A `queryOnce` without an answer'() {
    const { address } = await fakeInstant({
      answer: (message, _peer, good) => (message.op === 'add-query' ? undefined : good),
    });
    const db = open(address);
    await db.ready();
    await expect(db.queryOnce({ goals: {} }, { timeoutMs: 10 })).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('goals'),
    });
  },

  async 'A value with keys such as `hasOwnProperty` or `__proto__`'() {
    const db = open((await fakeInstant()).address);
    const goals = follow(db, { goals: {} });
    await goals.next();
    const details = JSON.parse('{"hasOwnProperty":1,"__proto__":{"polluted":true}}');
    await db.transact(goal(id()).update({ title: 'x', details }));
    await db.transact(goal(id()).update({ title: 'y' }));
    const { data } = await goals.next(({ data }) => data?.goals.length === 2);
    expect(JSON.stringify(data?.goals.find(({ title }) => title === 'x')?.details)).toBe(
      JSON.stringify(details),
    );
    expect('polluted' in {}).toBe(false);
  },

  async 'A namespace or an attribute called `__proto__`'() {
    const db = open((await fakeInstant()).address, { schema: undefined as never });
    const named = JSON.parse('{"__proto__":{}}') as { goals: object };
    expect(() => db.subscribeQuery(named as never, () => {})).toThrow(/__proto__/);
    await expect(db.transact(goal(id()).update(named as never))).rejects.toThrow(/__proto__/);
  },

  async 'What nests more than 511 levels deep'() {
    const db = open((await fakeInstant()).address);
    const details = JSON.parse(`${'{"a":'.repeat(600)}1${'}'.repeat(600)}`);
    await expect(db.transact(goal(id()).update({ title: 'x', details }))).rejects.toThrow(/511 levels/);
  },

  async 'Two answers that differ in a `Date` alone'() {
    const db = open((await fakeInstant()).address, { useDateObjects: true });
    const dates = inbox<unknown>();
    const goalId = id();
    db.subscribeQuery({ goals: {} }, ({ data }) => dates.push(data?.goals[0]?.due));
    await dates.next();
    const due = new Date(0);
    await db.transact(goal(goalId).update({ title: 'x', due: due as never }));
    await db.transact(goal(goalId).update({ due: new Date(1) as never }));
    await dates.first((date) => date instanceof Date && date.getTime() === 1);
    expect(dates.all).toContainEqual(due);
  },

  async 'Rooms and topics with names such as `constructor`'() {
    const server = await fakeInstant();
    const db = open(server.address);
    await db.ready();
    const room = db.joinRoom('chat', 'constructor');
    const heard = inbox<unknown>();
    room.subscribeTopic('wave', heard.push);
    const peer = await server.peers.first();
    await peer.messages.first(({ op }) => op === 'join-room');
    peer.send({ op: 'join-room-ok', 'room-id': 'constructor' });
    const data = { 'peer-id': 'p', data: { hand: 'left' } };
    peer.send({ op: 'server-broadcast', 'room-id': 'constructor', topic: 'wave', data });
    expect(await heard.next()).toEqual({ hand: 'left' });
  },

  async 'An object in presence that loses its last key'() {
    const server = await fakeInstant();
    const db = open(server.address);
    await db.ready();
    const room = db.joinRoom('chat', 'lobby');
    const seen = inbox<{ peers: Record<string, unknown> }>();
    room.subscribePresence({}, seen.push as never);
    const peer = await server.peers.first();
    await peer.messages.first(({ op }) => op === 'join-room');
    const ofPeer = { 'peer-id': 'p', user: null, data: { cursor: { x: 1 } } };
    peer.send({ op: 'refresh-presence', 'room-id': 'lobby', data: { p: ofPeer } });
    peer.send({ op: 'patch-presence', 'room-id': 'lobby', edits: [[['p', 'data', 'cursor', 'x'], '-']] });
    await seen.first(({ peers }) => JSON.stringify(peers.p) === '{"cursor":{},"peerId":"p"}');
    expect(seen.all.at(-1)?.peers).toHaveProperty('p');
  },

  async 'What is published in a room left before it lets one in'() {
    const server = await fakeInstant();
    const db = open(server.address);
    await db.ready();
    const left = db.joinRoom('chat', 'lobby');
    left.publishTopic('wave', { hand: 'left' });
    left.leaveRoom();
    const peer = await server.peers.first();
    await peer.messages.first(({ op }) => op === 'join-room');
    peer.send({ op: 'join-room-ok', 'room-id': 'lobby' });
    await peer.messages.first(({ op }) => op === 'leave-room');
    db.joinRoom('chat', 'lobby').publishTopic('wave', { hand: 'right' });
    peer.send({ op: 'join-room-ok', 'room-id': 'lobby' });
    const said = await peer.messages.first(({ op }) => op === 'client-broadcast');
    expect(said.data).toEqual({ hand: 'right' });
  },

  async 'What is published in a room while there is no session'() {
    const server = await fakeInstant({ http: () => signsIn() });
    const db = open(server.address);
    await db.ready();
    const room = db.joinRoom('chat', 'lobby');
    const first = await server.peers.first();
    await first.messages.first(({ op }) => op === 'join-room');
    first.send({ op: 'join-room-ok', 'room-id': 'lobby' });
    const statuses = inbox<string>();
    db.subscribeConnectionStatus(statuses.push);
    const signingIn = db.auth.signInWithToken('b');
    await statuses.first((status) => status === 'closed');
    room.publishTopic('wave', { hand: 'left' });
    await signingIn;
    const second = await server.peers.first((peer) => peer !== first);
    await second.messages.first(({ op }) => op === 'join-room');
    second.send({ op: 'join-room-ok', 'room-id': 'lobby' });
    expect(await second.messages.first(({ op }) => op === 'client-broadcast')).toMatchObject({
      data: { hand: 'left' },
    });
  },

  async 'A stream that cannot be read'() {
    const uncaught = takeUncaught();
    const db = open((await fakeInstant()).address, { disableValidation: true });
    const reader = db.streams.createReadStream({} as never).getReader();
    await expect(reader.read()).rejects.toThrow(Error);
    expect(uncaught.all).toEqual([]);
  },

  async 'What is written to a stream and is not text'() {
    const backend = await serve();
    const app = backend.createApp({ schema });
    const db = open(addressOf(backend, app), { adminToken: app.adminToken });
    const writer = db.streams.createWriteStream({ clientId: 'c' }).getWriter();
    writer.closed.catch(() => {});
    await expect(writer.write(7 as never)).rejects.toThrow(TypeError);
  },

  async 'What a printed database shows'() {
    const db = open((await fakeInstant()).address, { adminToken: 'the-admin-token' });
    for (const shown of [inspect(db, { depth: null, showHidden: true }), JSON.stringify({ ...db })]) {
      expect(shown).not.toContain('the-admin-token');
    }
    expect(JSON.parse(JSON.stringify(db))).toMatchObject(db.stats());
  },
};

/** Rows that another file shows. */
const ELSEWHERE: Record<string, string> = {
  'A server that is slow to answer a write': '../../src/client/session-times.test.ts',
  'Acknowledged writes of the user before': 'foreign-writes.test.ts',
  'Stored answers of the user before': 'owned-answers.test.ts',
};

const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');

test('each difference that the docs name has its test, and each test its row', () => {
  const rows = [...read('../../docs/differences.md').matchAll(/^\| ([^|]+?) +\|/gm)].map(([, what]) => what);
  const named = rows.filter((what) => what !== 'what' && !what?.startsWith('--'));
  expect(named.sort()).toEqual([...Object.keys(CASES), ...Object.keys(ELSEWHERE)].sort());
  for (const file of Object.values(ELSEWHERE)) expect(read(file)).toContain('test(');
});

describe('differs from core', () => {
  test.each(Object.entries(CASES))('%s', async (_, shows) => {
    expect.hasAssertions();
    await shows();
  });
});
