import { type InstantNodeDatabase, id } from '@instantdb/node';
import { expect, test } from 'vitest';
import { exoticKey, exoticText, isSameJson, watchShared } from '../support/exotic-values.ts';
import { type FrameWorld, frameWorld } from '../support/frame-world.ts';
import { type Inbox, inbox } from '../support/inbox.ts';
import { addressOf, serve } from '../support/open.ts';
import { named, openPlain } from '../support/plain-app.ts';
import { type Random, seededRandom } from '../support/random.ts';
import { takeUncaught } from '../support/unhandled.ts';

const CASES = 100;
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
console.log(`TEST_SEED=${seed}`);
const pollutionOf = watchShared();

/** What a subscriber of a room is told. */
interface Presence {
  isLoading: boolean;
  user?: unknown;
  peers: Record<string, Record<string, unknown>>;
}

interface Guest {
  publishPresence(data: object): void;
  publishTopic(topic: string, data: unknown): void;
  presence: Inbox<Presence>;
  /** What is said under a topic. */
  listen(topic: string): Inbox<unknown>;
  leaveRoom(): void;
}

function join(db: InstantNodeDatabase, type: string, room: string): Guest {
  const joined = db.joinRoom(type as never, room) as unknown as Omit<Guest, 'presence' | 'listen'> & {
    subscribePresence(options: object, callback: (presence: Presence) => void): void;
    subscribeTopic(topic: string, callback: (data: unknown) => void): void;
  };
  const presence = inbox<Presence>();
  joined.subscribePresence({}, presence.push);
  return {
    presence,
    publishPresence: (data) => joined.publishPresence(data),
    publishTopic: (topic, data) => joined.publishTopic(topic, data),
    leaveRoom: () => joined.leaveRoom(),
    listen(topic) {
      const said = inbox<unknown>();
      joined.subscribeTopic(topic, said.push);
      return said;
    },
  };
}

const objectOf = (random: Random): Record<string, unknown> =>
  JSON.parse(`{${JSON.stringify(exoticKey(random))}:${exoticText(random, { depth: 300 })}}`);

test(`rooms, presence and topics of any name and value are heard by their guests, and another room goes on, ${CASES} times (TEST_SEED=${seed})`, async () => {
  const random = seededRandom(seed);
  const uncaught = takeUncaught();
  const backend = await serve();
  const address = addressOf(backend, backend.createApp());
  const [ann, bob] = [openPlain(address), openPlain(address)];
  await Promise.all([ann.ready(), bob.ready()]);
  const other = join(bob, 'other', 'room').listen('mark');
  const marker = join(ann, 'other', 'room');
  for (let count = 0; count < CASES; count++) {
    const [type, room, topic] = [exoticKey(random), `${exoticKey(random)}`, exoticKey(random)];
    const data = objectOf(random);
    const what = `TEST_SEED=${seed}, case ${count}: ${JSON.stringify([type, room, topic, data]).slice(0, 1_000)}`;
    const [here, there] = [join(ann, type, room), join(bob, type, room)];
    const said = there.listen(topic);
    // Both are in before anything is said: what one shows, the other sees.
    here.publishPresence({ case: count, data });
    const isThere = ({ peers }: Presence): boolean =>
      Object.values(peers).some((peer) => peer.case === count);
    const { peers } = await there.presence.next(isThere);
    const seen = Object.values(peers).find((peer) => peer.case === count);
    expect(isSameJson(seen?.data, data), what).toBe(true);
    here.publishTopic(topic, data);
    expect(isSameJson(await said.next(), data), what).toBe(true);
    marker.publishTopic('mark', { count });
    expect(await other.next(), what).toEqual({ count });
    here.leaveRoom();
    there.leaveRoom();
    expect(uncaught.all, what).toEqual([]);
    expect(pollutionOf(), what).toEqual([]);
  }
});

/** A frame about the room, with something in it that is not expected. */
const FRAMES: readonly ((random: Random, room: string) => object)[] = [
  (random, room) => ({
    op: 'patch-presence',
    'room-id': room,
    edits: [
      [
        [exoticKey(random), exoticKey(random), exoticKey(random)],
        random.pick(['+', 'r', '-']),
        objectOf(random),
      ],
      [['peer', 'data', exoticKey(random)], random.pick(['+', 'r', '-']), objectOf(random)],
    ],
  }),
  (random, room) => ({
    op: 'refresh-presence',
    'room-id': room,
    data: named(exoticKey(random), objectOf(random)),
  }),
  (random) => ({ op: 'refresh-presence', 'room-id': exoticKey(random), data: objectOf(random) }),
  (random, room) => ({
    op: 'server-broadcast',
    'room-id': room,
    topic: exoticKey(random),
    data: objectOf(random),
  }),
  (random) => ({
    op: 'server-broadcast',
    'room-id': exoticKey(random),
    topic: 'said',
    data: objectOf(random),
  }),
  (random) => ({ op: random.pick(['join-room-ok', 'leave-room-ok']), 'room-id': exoticKey(random) }),
  (random, room) => ({
    op: 'join-room-error',
    'room-id': random.pick([room, exoticKey(random)]),
    error: objectOf(random),
  }),
];

test(`what a server says of rooms may hold anything; it arrives as it was sent, ${CASES} times (TEST_SEED=${seed})`, async () => {
  const random = seededRandom(seed + 1);
  const world: FrameWorld = await frameWorld();
  const room = id();
  const guest = join(world.db, 'chat', room);
  const said = guest.listen('said');
  world.send({ op: 'join-room-ok', 'room-id': room });
  for (let count = 0; count < CASES; count++) {
    const frame = random.pick(FRAMES)(random, room);
    const what = `TEST_SEED=${seed}, case ${count}: ${JSON.stringify(frame).slice(0, 1_000)}`;
    world.send(frame);
    const shown = objectOf(random);
    const peer = { 'peer-id': 'peer', user: null, data: { case: count, shown } };
    world.send({ op: 'refresh-presence', 'room-id': room, data: { peer } });
    world.send({
      op: 'server-broadcast',
      'room-id': room,
      topic: 'said',
      data: { 'peer-id': 'peer', data: { count, shown } },
    });
    const { peers } = await guest.presence.next(({ peers }) => peers.peer?.case === count);
    expect(isSameJson(peers.peer?.shown, shown), what).toBe(true);
    const heard = await said.next((one) => (one as { count?: number } | undefined)?.count === count);
    expect(isSameJson(heard, { count, shown }), what).toBe(true);
    world.send(world.refresh([]));
    await world.heard();
    expect(world.uncaught.all, what).toEqual([]);
    expect(pollutionOf(), what).toEqual([]);
  }
});
