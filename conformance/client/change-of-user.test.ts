import { type ConnectionStatus, type InstantNodeDatabase, id, init } from '@instantdb/node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { downFrames, replacedAll } from '../support/down-frames.ts';
import { attrs, fakeInstant, goodAnswer, refusalOf, resultOf } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { follow, freshKey } from '../support/open.ts';
import { goal, type Schema, schema } from '../support/schema.ts';
import type { Message } from '../support/socket-server.ts';
import { ssePeers } from '../support/sse-peers.ts';
import { takeUncaught } from '../support/unhandled.ts';

type Db = InstantNodeDatabase<Schema>;

/** Every way in which the user of a database changes; `byServer` needs no call. */
const CHANGES: Record<string, (db: Db) => Promise<unknown>> = {
  signInWithMagicCode: (db) => db.auth.signInWithMagicCode({ email: 'b@example.com', code: '123456' }),
  signInWithToken: (db) => db.auth.signInWithToken('b'),
  signInAsGuest: (db) => db.auth.signInAsGuest(),
  signInWithIdToken: (db) => db.auth.signInWithIdToken({ idToken: 'i', clientName: 'c' }),
  exchangeOAuthCode: (db) => db.auth.exchangeOAuthCode({ code: 'c' }),
  signOut: (db) => db.auth.signOut({ invalidateToken: false }),
};

interface Session {
  send(message: unknown): void;
}

/** A server on which A is signed in, whose old connection goes on talking once the next session is asked for. */
async function serverOf(kind: 'ws' | 'sse') {
  const sessions: Session[] = [];
  const inits: Message[] = [];
  let titles: Record<string, string> = {};
  let late: unknown[] = [];
  let txId = 1;
  const answer = (message: Message, session: Session): Message | undefined => {
    if (message.op === 'init') {
      // By now the client has closed the one before.
      for (const frame of late) for (const old of sessions) old.send(frame);
      sessions.push(session);
      inits.push(message);
    }
    const good = goodAnswer(message, () => ++txId);
    return good?.op === 'add-query-ok' ? { ...good, result: resultOf(titles) } : good;
  };
  const sse = ssePeers(answer);
  const user = (token: string) => ({ id: id(), email: `${token}@example.com`, refresh_token: token });
  const server = await fakeInstant({
    answersClose: false,
    handshake: () => (kind === 'ws' ? 'accept' : 404),
    answer: (message, peer) => answer(message, peer),
    http(path, body) {
      if (!path.startsWith('/runtime/sse')) return { status: 200, body: { user: user(`of ${path}`) } };
      sse.post(body);
      return { status: 200, body: {} };
    },
  });
  const db: Db = init<Schema>(
    { schema, instanceKey: freshKey(), ...server.address },
    undefined,
    undefined,
    undefined,
    kind === 'sse' ? sse.EventSource : undefined,
  );
  onTestFinished(() => db.close({ timeoutMs: 0 }));
  db.subscribeErrors(() => {});
  return {
    server,
    db,
    inits,
    sessions,
    show: (next: Record<string, string>) => {
      titles = next;
    },
    sayLate: (frames: unknown[]) => {
      late = frames;
    },
  };
}

describe.each(['ws', 'sse'] as const)('over %s', (kind) => {
  test.each(Object.keys(CHANGES))('nothing of the session before %s is heard after it', async (change) => {
    const uncaught = takeUncaught();
    const { db, show, sayLate, sessions, inits } = await serverOf(kind);
    show({ [id()]: 'private' });
    await db.auth.signInWithToken('a');
    const heard = inbox<string>();
    const hear = (...what: unknown[]): void => heard.push(JSON.stringify(what));
    const goals = follow(db, { goals: {} });
    await goals.next(({ data }) => data?.goals[0]?.title === 'private');
    db.subscribeQuery({ goals: {} }, hear);
    const room = db.joinRoom('chat', 'lobby');
    room.subscribePresence({}, hear);
    room.subscribeTopic('wave', hear);
    db._syncTableExperimental({ goals: {} }, hear as never);
    const statuses = inbox<ConnectionStatus>();
    db.subscribeConnectionStatus(statuses.push);
    const before = heard.all.length;

    show({});
    const poison = replacedAll(downFrames('lobby', { goals: {} }), 'late');
    sayLate([
      ...poison,
      { op: 'init-ok', 'session-id': 'late', attrs, 'app-status': { status: 'disabled' } },
    ]);
    const count = inits.length;
    await CHANGES[change]?.(db);
    expect(inits).toHaveLength(count + 1);
    expect(statuses.all).toEqual(['closed', 'opened', 'authenticated']);
    const { data } = await db.queryOnce({ goals: {} });
    expect(data.goals).toEqual([]);
    await goals.next(({ data }) => data?.goals.length === 0);
    expect(heard.all.slice(before).filter((text) => /late|private/.test(text))).toEqual([]);
    expect(await db.transact(goal(id()).update({ title: 'mine' }))).toMatchObject({ status: 'synced' });
    expect(sessions.length).toBeGreaterThan(1);
    expect(uncaught.all).toEqual([]);
  });

  test('callbacks hear nothing after shutdown(), and "closed" once', async () => {
    const { db, sessions } = await serverOf(kind);
    await db.ready();
    const heard = inbox<unknown>();
    db.subscribeConnectionStatus(heard.push);
    db.subscribeQuery({ goals: {} }, heard.push);
    await heard.next();
    db.shutdown();
    expect(heard.all.slice(1)).toEqual(['closed']);
    for (const frame of downFrames('lobby', { goals: {} })) for (const old of sessions) old.send(frame);
    await db.close();
    expect(heard.all.slice(1)).toEqual(['closed']);
  });
});

test('close() tells "closed" once', async () => {
  const { db } = await serverOf('ws');
  await db.ready();
  const statuses = inbox<ConnectionStatus>();
  db.subscribeConnectionStatus(statuses.push);
  await db.close();
  expect(statuses.all).toEqual(['closed']);
});

test('a user whom the server no longer knows is signed out, and asked for nothing more as', async () => {
  let isKnown = true;
  const inits = inbox<Message>();
  const server = await fakeInstant({
    http: () => ({ status: 200, body: { user: { id: id(), refresh_token: 'a' } } }),
    answer(message, _peer, good) {
      if (message.op !== 'init') return good;
      inits.push(message);
      if (isKnown || !message['refresh-token']) return good;
      const hint = { 'record-type': 'app-user' };
      return refusalOf(message, { type: 'record-not-found', message: 'Record not found: app-user', hint });
    },
  });
  const { db } = { db: init<Schema>({ schema, instanceKey: freshKey(), ...server.address }) };
  onTestFinished(() => db.close({ timeoutMs: 0 }));
  await db.auth.signInWithToken('a');
  isKnown = false;
  (await server.peers.first((peer) => peer.messages.all.some((it) => it['refresh-token'] === 'a'))).destroy();
  await inits.first((message) => !isKnown && message['refresh-token'] === undefined && inits.all.length > 2);
  await db.ready();
  expect(await db.getAuth()).toBeNull();
});

test('in a room, the next user is shown nothing of what the one before was, and says nothing of theirs', async () => {
  const isOf = (message: Message, op: string): boolean => message.op === op;
  let isA = true;
  const said = inbox<unknown>();
  const server = await fakeInstant({
    http: () => ({ status: 200, body: { user: { id: id(), refresh_token: 'b' } } }),
    answer(message, peer, good) {
      if (isOf(message, 'client-broadcast')) said.push(message.data);
      if (!isOf(message, 'join-room')) return good;
      const room = { 'room-id': message['room-id'] };
      if (message['room-id'] === 'silent' && isA) return undefined;
      if (message['room-id'] === 'private' && !isA) return { op: 'join-room-error', ...room, error: 'no' };
      peer.send({ op: 'join-room-ok', ...room });
      return { op: 'refresh-presence', ...room, data: isA ? { peer: { data: { nickname: 'secret' } } } : {} };
    },
  });
  const db: Db = init<Schema>({ schema, instanceKey: freshKey(), ...server.address });
  onTestFinished(() => db.close({ timeoutMs: 0 }));
  await db.ready();
  const rooms = ['private', 'silent', 'left'].map((name) => db.joinRoom('chat', name));
  const shown = inbox<{ peers: object; error?: unknown }>();
  rooms[0]?.subscribePresence({}, shown.push as never);
  await shown.next(({ peers }) => Object.hasOwn(peers, 'peer'));
  rooms[1]?.publishTopic('wave', { hand: 'of A' });
  isA = false;
  const before = shown.all.length;
  await db.auth.signInWithToken('b');
  await shown.next(({ error }) => error === 'no');
  rooms[1]?.publishTopic('wave', { hand: 'of B' });
  expect(await said.next()).toEqual({ hand: 'of B' });
  expect(JSON.stringify(shown.all.slice(before))).not.toContain('secret');
});
