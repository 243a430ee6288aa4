import type { InstantNodeDatabase, InstantNodeError, PresenceResponse } from '@instantdb/node';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type FakeInstant, fakeInstant } from '../support/fake-instant.ts';
import { type Inbox, inbox } from '../support/inbox.ts';
import { oddNames, oddValue, sortedJson } from '../support/odd-names.ts';
import { type Address, open, serveApp } from '../support/open.ts';
import type { Schema } from '../support/schema.ts';
import { takeUncaught } from '../support/unhandled.ts';

type Shown = Record<string, unknown>;
type Slice = PresenceResponse<Shown, string>;
/** What core's types of rooms leave out: rooms of any type, that show anything. */
interface AnyRoom {
  leaveRoom(): void;
  publishPresence(changes: Shown): void;
  publishTopic(topic: string, data: unknown): void;
  getPresence(options?: object): Slice | null;
  subscribePresence(options: object, callback: (slice: Slice) => void): () => void;
  subscribeTopic(topic: string, callback: (data: unknown, peer: Shown) => void): () => void;
}

function join(db: InstantNodeDatabase<Schema>, name: string, initialPresence?: Shown): AnyRoom {
  return db.joinRoom(name as 'chat', name, { initialPresence } as never) as unknown as AnyRoom;
}

function presenceOf(room: AnyRoom, options: object = {}): Inbox<Slice> {
  const slices = inbox<Slice>();
  room.subscribePresence(options, slices.push);
  return slices;
}

/** What each of the others shows, without the id that is put to it. */
function othersIn(slice: Slice): Shown[] {
  return Object.values(slice.peers).map(({ peerId: _, ...shown }: Shown) => shown);
}

/** Waits until one of the others shows exactly this. */
function shows(slices: Inbox<Slice>, expected: unknown): Promise<Slice> {
  const wanted = sortedJson(expected);
  return slices.first((slice) => othersIn(slice).some((shown) => sortedJson(shown) === wanted));
}

const ownKeys = Reflect.ownKeys(Object.prototype);
let uncaught: Inbox<unknown>;
beforeEach(() => {
  uncaught = takeUncaught();
  onTestFinished(() => {
    expect(Reflect.ownKeys(Object.prototype)).toEqual(ownKeys);
    expect(uncaught.all).toEqual([]);
  });
});

interface Pair {
  address: Address;
  ann: InstantNodeDatabase<Schema>;
  bob: InstantNodeDatabase<Schema>;
  /** Resolves once a room that has nothing to do with odd names works, in both directions. */
  works(): Promise<void>;
}

async function pair(): Promise<Pair> {
  const address = await serveApp();
  const [ann, bob] = [open(address), open(address)];
  for (const db of [ann, bob]) {
    db.subscribeErrors((error) => {
      throw error;
    });
  }
  const rooms = [join(ann, 'plain'), join(bob, 'plain')] as const;
  const seen = rooms.map((room) => presenceOf(room));
  const heard = rooms.map((room) => {
    const said = inbox<unknown>();
    room.subscribeTopic('plain', said.push);
    return said;
  });
  let count = 0;
  const works = async (): Promise<void> => {
    const n = ++count;
    for (const room of rooms) room.publishPresence({ n });
    await Promise.all(seen.map((slices) => shows(slices, { n })));
    for (const room of rooms) room.publishTopic('plain', n);
    await Promise.all(heard.map((said) => said.first((one) => one === n)));
  };
  await works();
  return { address, ann, bob, works };
}

describe('over the local backend', () => {
  test('a room, its type, its topics and what is shown there may have any names', async () => {
    const { ann, bob, works } = await pair();
    for (const name of oddNames) {
      const rooms = [join(ann, name, oddValue(name, 'ann')), join(bob, name, oddValue(name, 'bob'))] as const;
      const [seenByAnn, seenByBob] = [presenceOf(rooms[0]), presenceOf(rooms[1])];
      const picked = presenceOf(rooms[1], { keys: [name, 'missing'] });
      await Promise.all([shows(seenByAnn, oddValue(name, 'bob')), shows(seenByBob, oddValue(name, 'ann'))]);
      for (const leaf of ['next', { [name]: [] }]) {
        rooms[0].publishPresence(oddValue(name, leaf));
        await shows(seenByBob, oddValue(name, leaf));
        expect(othersIn(rooms[1].getPresence({}) as Slice).map(sortedJson)).toEqual([
          sortedJson(oddValue(name, leaf)),
        ]);
        await shows(picked, { ...only(oddValue(name, leaf), name), missing: undefined });
      }
      rooms[1].publishPresence({ added: 1 });
      await shows(seenByAnn, { ...oddValue(name, 'bob'), added: 1 });
      const heard = inbox<unknown[]>();
      rooms[1].subscribeTopic(name, (...said) => heard.push(said));
      rooms[0].publishTopic('other', 'not to be heard');
      rooms[0].publishTopic(name, oddValue(name, 'said'));
      expect(sortedJson(await heard.next())).toBe(
        sortedJson([oddValue(name, 'said'), oddValue(name, { [name]: [] })]),
      );
      await works();
    }
    expect(ann.stats().rooms).toBe(oddNames.length + 1);
  });

  test('whoever joins later hears everything, whatever is shown', async () => {
    const { ann, bob, address, works } = await pair();
    const everything = merged(oddNames.map((name) => oddValue(name, 1)));
    const room = join(ann, 'lobby');
    for (const name of oddNames) room.publishPresence(oddValue(name, 1));
    await shows(presenceOf(join(bob, 'lobby')), everything);
    const cid = open(address);
    const seen = presenceOf(join(cid, 'lobby', { name: 'cid' }));
    await shows(seen, everything);
    for (const last of [1, 2]) {
      room.publishPresence({ last });
      await shows(seen, { ...everything, last });
    }
    await works();
  });

  test('a room of any name is left, and joined again', async () => {
    const { ann, bob, works } = await pair();
    for (const name of oddNames) {
      const seen = presenceOf(join(ann, name));
      for (const n of [1, 2]) {
        const room = join(bob, name);
        room.publishPresence({ n });
        await shows(seen, { n });
        room.leaveRoom();
        await seen.first((slice) => seen.all.indexOf(slice) > 0 && othersIn(slice).length === 0);
      }
    }
    await works();
  });

  test('what was handed out is not changed later', async () => {
    const { ann, bob } = await pair();
    const room = join(ann, 'kept', { list: [{ a: 1 }], o: { x: 1 } });
    const seen = presenceOf(join(bob, 'kept'));
    const first = await shows(seen, { list: [{ a: 1 }], o: { x: 1 } });
    const before = sortedJson(first);
    room.publishPresence({ list: [{ a: 2 }], o: { x: 1, y: 2 } });
    await shows(seen, { list: [{ a: 2 }], o: { x: 1, y: 2 } });
    expect(sortedJson(first)).toBe(before);
  });
});

const only = (value: Shown, name: string): Shown => Object.fromEntries([[name, value[name]]]);

/** All of them in one, the later over the earlier, as `publishPresence` has it. */
function merged(values: Shown[]): Shown {
  return Object.fromEntries(values.flatMap((value) => Object.entries(value)));
}

interface Hostile {
  server: FakeInstant;
  errors: Inbox<InstantNodeError>;
  room: AnyRoom;
  seen: Inbox<Slice>;
  heard: Inbox<unknown[]>;
  send(frame: object): void;
  /** What is shown once all that was sent so far is taken: by session id, as JSON. */
  state(): Promise<string>;
}

/** A client that is in a room of a server which sends what it likes. */
async function hostile(name = 'lobby'): Promise<Hostile> {
  const server = await fakeInstant({
    answer: (message, _peer, good) =>
      message.op === 'join-room' ? { op: 'join-room-ok', 'room-id': message['room-id'] } : good,
  });
  const db = open(server.address);
  const errors = inbox<InstantNodeError>();
  db.subscribeErrors(errors.push);
  await db.ready();
  const room = join(db, name);
  const [seen, heard, over] = [presenceOf(room), inbox<unknown[]>(), inbox<unknown>()];
  room.subscribeTopic('wave', (...said) => heard.push(said));
  room.subscribeTopic('over', over.push);
  const send = (frame: object): void => {
    for (const peer of server.peers.all) peer.send({ 'room-id': name, ...frame });
  };
  let count = 0;
  const state = async (): Promise<string> => {
    const n = ++count;
    send({ op: 'server-broadcast', topic: 'over', data: { 'peer-id': 's', data: n } });
    await over.first((one) => one === n);
    return sortedJson(Object.entries(room.getPresence({ user: false })?.peers ?? {}));
  };
  return { server, errors, room, seen, heard, send, state };
}

const shownBy = (peerId: string, shown: Shown): unknown => [peerId, { ...shown, peerId }];

describe('whatever a server sends', () => {
  test('peers may have any id', async () => {
    const { send, state, heard, errors, room } = await hostile();
    const entries = oddNames.map((id) => [id, { data: oddValue(id, 'whole') }]);
    send({ op: 'refresh-presence', data: Object.fromEntries(entries) });
    const ids = Object.keys(room.getPresence({})?.peers ?? {});
    const inOrder = (leaf: string): string =>
      sortedJson(Object.keys(Object.fromEntries(entries)).map((id) => shownBy(id, oddValue(id, leaf))));
    expect(ids).toEqual([]);
    expect(await state()).toBe(inOrder('whole'));
    for (const id of oddNames) {
      send({ op: 'patch-presence', edits: [[[id, 'data'], 'r', oddValue(id, 'part')]] });
      send({ op: 'server-broadcast', topic: 'wave', data: { 'peer-id': id, data: oddValue(id, 'said') } });
    }
    expect(await state()).toBe(inOrder('part'));
    expect(heard.all.map(sortedJson)).toEqual(
      oddNames.map((id) => sortedJson([oddValue(id, 'said'), oddValue(id, 'part')])),
    );
    for (const id of oddNames) {
      expect(Object.keys(room.getPresence({ user: false, peers: [id] })?.peers ?? {})).toEqual([id]);
    }
    send({ op: 'patch-presence', edits: oddNames.map((id) => [[id], '-']) });
    expect(await state()).toBe('[]');
    expect(errors.all).toEqual([]);
  });

  test('edits reach what is shown, by any keys, and nothing else', async () => {
    const { send, state, errors } = await hostile();
    for (const [n, name] of oddNames.entries()) {
      const id = `s${n}`;
      send({
        op: 'patch-presence',
        edits: [
          [[id], '+', { data: {} }],
          [[id, 'data', name, name, 'polluted'], '+', 1],
          [[id, 'data', 'list'], '+', [{}]],
          [[id, 'data', 'list', 0, name], 'r', oddValue(name, 1)],
          [[id, 'data', 'list', 0, name, name], '-'],
          [['me', name, 'polluted'], 'r', 1],
          [[id, name, 'polluted'], 'r', 1],
        ],
      });
      const { [name]: _, ...rest } = oddValue(name, 1);
      const expected = Object.fromEntries([
        [name, Object.fromEntries([[name, { polluted: 1 }]])],
        ['list', [Object.fromEntries([[name, rest]])]],
      ]);
      expect(await state()).toBe(sortedJson([shownBy(id, expected)]));
      send({ op: 'patch-presence', edits: [[[id], '-']] });
    }
    expect(errors.all).toEqual([]);
  });

  test('rooms and topics that nobody joined are ignored, whatever they are called', async () => {
    const { send, state, errors, heard } = await hostile();
    for (const name of oddNames) {
      for (const frame of [
        { op: 'join-room-ok' },
        { op: 'join-room-error', error: 'no' },
        { op: 'leave-room-ok' },
        { op: 'refresh-presence', data: { s: { data: { polluted: 1 } } } },
        { op: 'patch-presence', edits: [[['s', 'data', 'polluted'], 'r', 1]] },
        { op: 'server-broadcast', topic: 'wave', data: { 'peer-id': 's', data: 1 } },
      ]) {
        send({ ...frame, 'room-id': name });
      }
      send({ op: 'server-broadcast', topic: name, data: { 'peer-id': 's', data: 1 } });
    }
    expect(await state()).toBe('[]');
    expect(heard.all).toEqual([]);
    expect(errors.all).toEqual([]);
  });

  test('an edit that cannot be done is told of, and the others are done', async () => {
    const { send, state, errors } = await hostile();
    send({ op: 'refresh-presence', data: { s: { data: { n: 1, l: [1] } } } });
    send({
      op: 'patch-presence',
      edits: [
        [['s', 'data', 'n', 'x'], 'r', 'secret'],
        [['s', 'data', 'l', 4_294_967_294], '+', 'secret'],
        'secret',
        [['s', 'data', 'm'], '+', 2],
      ],
    });
    expect(await state()).toBe(sortedJson([shownBy('s', { n: 1, l: [1], m: 2 })]));
    expect(errors.all.map(({ code, message }) => [code, message])).toEqual([
      [
        'protocol',
        'Ignored what the server sent: in "patch-presence", 3 of 4 edits; of the first, its path leads into what is no object',
      ],
    ]);
  });

  test('what is shown and said may nest deep', async () => {
    const { send, state, heard, errors } = await hostile();
    const depth = 500;
    const deep = JSON.parse(`${'{"a":['.repeat(depth)}1${']}'.repeat(depth)}`);
    send({ op: 'refresh-presence', data: { s: { data: { deep } } } });
    send({ op: 'server-broadcast', topic: 'wave', data: { 'peer-id': 's', data: deep } });
    send({ op: 'patch-presence', edits: [[['s', 'data', 'n'], '+', 1]] });
    expect(await state()).toContain('"n":1');
    expect(JSON.stringify(heard.all)).toBe(JSON.stringify([[deep, { deep }]]));
    expect(errors.all).toEqual([]);
  });

  test('a room is joined again by any name after the connection was lost', async () => {
    for (const name of oddNames) {
      const { server, room } = await hostile(name);
      room.publishPresence(oddValue(name, 1));
      room.publishTopic(name, oddValue(name, 2));
      const [first] = server.peers.all;
      const sent = await first?.messages.first(({ op }) => op === 'client-broadcast');
      expect(sortedJson(sent?.data)).toBe(sortedJson(oddValue(name, 2)));
      first?.destroy();
      const second = await server.peers.first((peer) => peer !== first);
      const again = await second.messages.first(({ op }) => op === 'join-room');
      expect([again['room-type'], again['room-id'], sortedJson(again.data)]).toEqual([
        name,
        name,
        sortedJson(oddValue(name, 1)),
      ]);
    }
  });
});
