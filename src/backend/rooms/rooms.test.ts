import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../protocol/json.ts';
import { backendForTests } from '../testing/backend-for-tests.ts';
import { type Message, RawSession, VERSIONS } from '../testing/raw-session.ts';

const backend = await backendForTests();
const app = backend.createApp();

const ROOM = 'lobby';

interface Guest {
  session: RawSession;
  id: string;
}

async function connect(fields: JsonObject = {}): Promise<Guest> {
  const session = await RawSession.open(backend.websocketURI);
  const answer = await session.ask({ op: 'init', 'app-id': app.id, versions: VERSIONS, ...fields });
  expect(answer.op).toBe('init-ok');
  return { session, id: String(answer['session-id']) };
}

/** Connects, joins and waits for the whole room. */
async function join(room: string, data?: JsonObject, fields?: JsonObject): Promise<Guest> {
  const guest = await connect(fields);
  guest.session.send({ op: 'join-room', 'room-type': 'any', 'room-id': room, ...(data && { data }) });
  await guest.session.nextOf('join-room-ok');
  return guest;
}

const entry = ({ id }: Guest, data: JsonObject): JsonObject => ({
  'peer-id': id,
  'instance-id': expect.any(String) as unknown as string,
  user: null,
  data,
});

/** A session has heard all that was sent to it when it hears this. */
async function settled({ session }: Guest): Promise<readonly Message[]> {
  await session.ask({ op: 'remove-query', q: { settled: {} } });
  return session.pending;
}

describe('join-room', () => {
  test('shows the whole room to who joins, and who joins to the others', async () => {
    const first = await join('join', { name: 'first' });
    expect(await first.session.nextOf('refresh-presence')).toEqual({
      op: 'refresh-presence',
      'room-id': 'join',
      data: { [first.id]: entry(first, { name: 'first' }) },
      'trace-id': null,
    });
    const second = await join('join');
    expect(await second.session.nextOf('refresh-presence')).toMatchObject({
      data: { [first.id]: entry(first, { name: 'first' }), [second.id]: entry(second, {}) },
    });
    expect(await first.session.nextOf('patch-presence')).toEqual({
      op: 'patch-presence',
      'room-id': 'join',
      edits: [[[second.id], '+', entry(second, {})]],
      'trace-id': null,
    });
    const third = await join('join', { name: 'third' });
    for (const { session } of [first, second]) {
      expect(await session.nextOf('patch-presence')).toMatchObject({ edits: [[[third.id], '+', {}]] });
    }
    expect(Object.keys((await third.session.nextOf('refresh-presence')).data as object)).toHaveLength(3);
    for (const guest of [first, second, third]) expect(await settled(guest)).toEqual([]);
    for (const { session } of [first, second, third]) await session.close();
  });

  test('a second time shows the room again, and keeps what is shown', async () => {
    const guest = await join('again', { a: 1 });
    await guest.session.nextOf('refresh-presence');
    guest.session.send({ op: 'join-room', 'room-id': 'again', data: { a: 2 } });
    expect(await guest.session.nextOf('refresh-presence')).toMatchObject({
      data: { [guest.id]: entry(guest, { a: 1 }) },
    });
    await guest.session.close();
  });

  test('of a disabled app is refused', async () => {
    const other = backend.createApp();
    other.setStatus('disabled');
    const session = await RawSession.init(backend, other);
    expect(await session.ask({ op: 'join-room', 'room-id': ROOM })).toMatchObject({
      op: 'error',
      type: 'app-disabled',
      'original-event': { op: 'join-room', 'room-id': ROOM },
    });
    await session.close();
  });

  test.each<[string, JsonObject, JsonObject]>([
    ['no room', {}, { type: 'param-missing', hint: { in: ['room-id'] } }],
    ['null for a room', { 'room-id': null }, { type: 'param-missing' }],
    ['a number for a room', { 'room-id': 1 }, { type: 'param-malformed', hint: { in: ['room-id'] } }],
    ['a text to show', { 'room-id': ROOM, data: 'x' }, { type: 'param-malformed', hint: { in: ['data'] } }],
    ['an array to show', { 'room-id': ROOM, data: [] }, { type: 'param-malformed' }],
  ])('with %s is refused', async (_case, fields, expected) => {
    const { session } = await connect();
    for (const op of ['join-room', 'set-presence'] as const) {
      expect(await session.ask({ op, ...fields })).toMatchObject({ op: 'error', status: 400, ...expected });
    }
    await session.close();
  });
});

describe('set-presence', () => {
  test('tells everybody what changed, the sender too', async () => {
    const a = await join('set', { keep: true, n: 1 });
    const b = await join('set');
    await a.session.nextOf('patch-presence');
    await b.session.nextOf('refresh-presence');
    expect(
      await a.session.ask({ op: 'set-presence', 'room-id': 'set', data: { keep: true, n: 2, x: {} } }),
    ).toMatchObject({ op: 'set-presence-ok', 'room-id': 'set' });
    const edits = [
      [[a.id, 'data', 'n'], 'r', 2],
      [[a.id, 'data', 'x'], '+', {}],
    ];
    for (const { session } of [a, b]) {
      expect(await session.nextOf('patch-presence')).toMatchObject({ 'room-id': 'set', edits });
    }
    await a.session.ask({ op: 'set-presence', 'room-id': 'set', data: { keep: true, n: 2, x: {} } });
    expect((await settled(b)).filter(({ op }) => op === 'patch-presence')).toEqual([]);
    for (const { session } of [a, b]) await session.close();
  });

  test('tells a client that cannot take edits the whole room', async () => {
    const old = await join('old', {}, { versions: { '@instantdb/core': 'v0.17.5' } });
    await old.session.nextOf('refresh-presence');
    const other = await join('old', { a: 1 });
    expect(await old.session.nextOf('refresh-presence')).toMatchObject({
      data: { [old.id]: {}, [other.id]: { data: { a: 1 } } },
    });
    expect((await settled(old)).filter(({ op }) => op === 'patch-presence')).toEqual([]);
    for (const { session } of [old, other]) await session.close();
  });

  test.each(['set-presence', 'client-broadcast'])('before joining, %s is refused', async (op) => {
    const { session } = await connect();
    expect(await session.ask({ op, 'room-id': ROOM, data: {} })).toMatchObject({
      op: 'error',
      type: 'validation-failed',
      message: 'Validation failed for room: You have not entered this room yet.',
      'original-event': { op },
    });
    await session.close();
  });
});

describe('leave-room', () => {
  test('tells those who stay, by leaving and by going away', async () => {
    const stays = await join('leave');
    await stays.session.nextOf('refresh-presence');
    const leaves = await join('leave');
    await stays.session.nextOf('patch-presence');
    expect(await leaves.session.ask({ op: 'leave-room', 'room-id': 'leave' })).toMatchObject({
      op: 'leave-room-ok',
      'room-id': 'leave',
    });
    expect(await stays.session.nextOf('patch-presence')).toMatchObject({ edits: [[[leaves.id], '-']] });
    const goes = await join('leave');
    await stays.session.nextOf('patch-presence');
    await goes.session.close();
    expect(await stays.session.nextOf('patch-presence')).toMatchObject({ edits: [[[goes.id], '-']] });
    expect((await settled(leaves)).map(({ op }) => op)).toEqual(['refresh-presence']);
    for (const { session } of [stays, leaves]) await session.close();
  });

  test('is answered for a room that was never joined', async () => {
    const { session } = await connect();
    expect(await session.ask({ op: 'leave-room', 'room-id': 'never' })).toMatchObject({
      op: 'leave-room-ok',
    });
    await session.close();
  });
});

describe('client-broadcast', () => {
  test('reaches all others in the room, in order, and not the sender', async () => {
    const [a, b, c] = [await join('talk'), await join('talk'), await join('talk')] as const;
    const outside = await join('elsewhere');
    for (let n = 0; n < 3; n++) {
      expect(
        await a.session.ask({
          op: 'client-broadcast',
          'room-id': 'talk',
          roomType: 'any',
          topic: 'n',
          data: { n },
        }),
      ).toMatchObject({
        op: 'client-broadcast-ok',
        'room-id': 'talk',
        topic: 'n',
        data: { 'peer-id': a.id, user: null, data: { n } },
      });
    }
    for (const { session } of [b, c]) {
      for (let n = 0; n < 3; n++) {
        expect(await session.nextOf('server-broadcast')).toEqual({
          op: 'server-broadcast',
          'room-id': 'talk',
          topic: 'n',
          data: { 'peer-id': a.id, user: null, data: { n } },
          'trace-id': null,
        });
      }
    }
    for (const guest of [a, b, c, outside]) {
      expect((await settled(guest)).filter(({ op }) => op === 'server-broadcast')).toEqual([]);
    }
    for (const { session } of [a, b, c, outside]) await session.close();
  });

  test('is heard after the presence that the sender set before it', async () => {
    const hears = await join('order');
    const speaks = await connect();
    speaks.session.send({ op: 'join-room', 'room-id': 'order', data: { name: 'new' } });
    speaks.session.send({ op: 'client-broadcast', 'room-id': 'order', topic: 't', data: 1 });
    await hears.session.nextOf('server-broadcast');
    expect(hears.session.pending.map(({ op }) => op)).toEqual(['refresh-presence', 'patch-presence']);
    for (const { session } of [hears, speaks]) await session.close();
  });
});

test('rooms of two apps do not meet', async () => {
  const here = await join('shared');
  const other = backend.createApp();
  const there = await RawSession.init(backend, other);
  there.send({ op: 'join-room', 'room-id': 'shared' });
  expect(Object.keys((await there.nextOf('refresh-presence')).data as object)).toHaveLength(1);
  await here.session.nextOf('refresh-presence');
  expect(await settled(here)).toEqual([]);
  await here.session.close();
  await there.close();
});

test('a session shows so much in all its rooms, and has room again for what it takes back', async () => {
  const { session } = await connect();
  const large = { text: 'x'.repeat(30 * 1024 * 1024) };
  const ask = (op: string, room: string, data?: JsonObject): Promise<Message> =>
    session.ask({ op, 'room-id': room, ...(data && { data }) });
  expect((await ask('join-room', 'one', large)).op).toBe('join-room-ok');
  expect((await ask('join-room', 'two', large)).op).toBe('join-room-ok');
  const refused = {
    op: 'error',
    type: 'validation-failed',
    message: expect.stringContaining('at most 67108864 characters in all its rooms'),
  };
  expect(await ask('join-room', 'three', large)).toMatchObject(refused);
  expect((await ask('set-presence', 'three', { a: 1 })).op).toBe('error');
  expect((await ask('join-room', 'three', { a: 1 })).op).toBe('join-room-ok');
  expect(await ask('set-presence', 'three', large)).toMatchObject(refused);
  // Who is in already keeps what it shows, however large what it comes with.
  expect((await ask('join-room', 'three', large)).op).toBe('join-room-ok');
  expect((await ask('set-presence', 'one', { a: 1 })).op).toBe('set-presence-ok');
  expect((await ask('set-presence', 'three', large)).op).toBe('set-presence-ok');
  expect((await ask('leave-room', 'two')).op).toBe('leave-room-ok');
  expect((await ask('join-room', 'four', large)).op).toBe('join-room-ok');
  await session.close();
});
