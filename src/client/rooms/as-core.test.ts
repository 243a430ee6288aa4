import { Reactor } from '@instantdb/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diffPresence } from '../../backend/rooms/diff-presence.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { PresenceEntry } from '../../protocol/rooms.ts';
import { ClientRooms, isRoomFrame, type RoomFrame } from './client-rooms.ts';

const seed = Number(process.env.FAST_CHECK_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Rooms, as users and servers meet them. */
interface Subject {
  join(type: string, id: string, presence?: object): () => void;
  subscribePresence(
    type: string,
    id: string,
    options: object,
    callback: (slice: unknown) => void,
  ): () => void;
  publishPresence(type: string, id: string, changes: object): void;
  presence(type: string, id: string, options: object): unknown;
  subscribeTopic(type: string, id: string, topic: string, callback: (...said: unknown[]) => void): () => void;
  publishTopic(said: { roomType: string; roomId: string; topic: string; data: unknown }): void;
  receive(frame: RoomFrame): void;
  connect(): void;
  disconnect(): void;
}

/** What a {@link Subject} does that can be seen: it sends messages, and calls back. */
type Trace = unknown[];

function ours(trace: Trace): Subject {
  let isOpen = false;
  const rooms = new ClientRooms({
    // Core looks at what it knows of the room alone, and drops what cannot be sent.
    isOpen: () => true,
    isHolding: () => false,
    send: (message) => isOpen && trace.push({ send: structuredClone(message) }),
    sessionId: () => 'me',
    report: (problem) => trace.push({ problem }),
  });
  return {
    join: (...args) => rooms.join(...args),
    subscribePresence: (...args) => rooms.subscribePresence(...args),
    publishPresence: (_type, ...args) => rooms.publishPresence(...args),
    presence: (_type, ...args) => rooms.presence(...args),
    subscribeTopic: (...args) => rooms.subscribeTopic(...args),
    publishTopic: (said) => rooms.publishTopic(said),
    receive: (frame) => rooms.receive(frame),
    connect: () => {
      isOpen = true;
      rooms.rejoin();
    },
    disconnect: () => {
      isOpen = false;
      rooms.disconnected();
    },
  };
}

/**
 * Core's reactor, without anything around its rooms. What it keeps of a room that was left is taken away: it says the
 * messages that were not said by then when the room is joined again, however much later.
 */
function cores(trace: Trace): Subject {
  let isOpen = false;
  const reactor: Reactor = Reflect.construct(Reactor, [{ appId: 'app' }]);
  const forgetting = (id: string, end: () => void) => (): void => {
    end();
    if (!(id in reactor._rooms)) Reflect.deleteProperty(reactor._broadcastQueue, id);
  };
  Object.assign(reactor, {
    _sessionId: 'me',
    _isShutdown: true,
    _transport: { id: 0 },
    _log: { info() {} },
    _trySendAuthed: (_id: string, message: object) =>
      isOpen && trace.push({ send: structuredClone(message) }),
    _setStatus() {},
    _setAppStatus() {},
    _setAttrs() {},
    _flushPendingMessages() {},
  });
  return {
    join: (...args) => forgetting(args[1], reactor.joinRoom(...args)),
    subscribePresence: (...args) => forgetting(args[1], reactor.subscribePresence(...args)),
    publishPresence: (...args) => reactor.publishPresence(...args),
    presence: (...args) => reactor.getPresence(...args),
    subscribeTopic: (...args) => forgetting(args[1], reactor.subscribeTopic(...args)),
    publishTopic: (said) => reactor.publishTopic(said),
    receive: (frame) => reactor._handleReceive('connection', frame),
    connect: () => {
      isOpen = true;
      reactor._handleReceive('connection', { op: 'init-ok', 'session-id': 'me', attrs: [] });
    },
    disconnect: () => {
      isOpen = false;
      reactor._transportOnClose({ target: reactor._transport });
    },
  };
}

const TYPES = ['chat', 'page'];
const IDS = ['x', 'y'];
const OPTIONS = [
  {},
  { keys: ['a'] },
  { peers: ['p'] },
  { peers: [] },
  { user: false },
  { user: false, keys: ['b'], peers: ['p', 'q'] },
  { initialPresence: { a: 'first' } },
  { initialData: { b: 'first' } },
];

const at = { type: fc.constantFrom(...TYPES), id: fc.constantFrom(...IDS) };
const shown = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom<unknown>(0, 1, null, { c: 1 }, [1]), {
  noNullPrototype: true,
}) as fc.Arbitrary<JsonObject>;
const topic = fc.constantFrom('t', 'u');
const step = fc.oneof(
  fc.record({ do: fc.constant('join' as const), ...at, presence: fc.option(shown, { nil: undefined }) }),
  fc.record({ do: fc.constant('watch' as const), ...at, options: fc.constantFrom(...OPTIONS) }),
  fc.record({ do: fc.constant('listen' as const), ...at, topic }),
  fc.record({ do: fc.constant('end' as const), which: fc.nat(20) }),
  fc.record({ do: fc.constant('show' as const), ...at, changes: shown }),
  fc.record({ do: fc.constant('say' as const), ...at, topic, data: fc.nat(9) }),
  fc.record({ do: fc.constant('look' as const), ...at, options: fc.constantFrom(...OPTIONS) }),
  fc.record({
    do: fc.constant('answer' as const),
    id: at.id,
    op: fc.constantFrom('join-room-ok', 'leave-room-ok'),
  }),
  fc.record({ do: fc.constant('refuse' as const), id: at.id }),
  fc.record({
    do: fc.constant('tell' as const),
    id: at.id,
    whole: fc.boolean(),
    room: fc.dictionary(fc.constantFrom('me', 'p', 'q'), shown, { noNullPrototype: true }),
  }),
  fc.record({
    do: fc.constant('hear' as const),
    id: at.id,
    topic,
    from: fc.constantFrom('me', 'p', 'q', 'r'),
  }),
  fc.record({ do: fc.constantFrom('connect' as const, 'disconnect' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer Made> ? Made : never;

/**
 * Does the steps, and gives what was to be seen. What a server would not do is left out: it says nothing of rooms that
 * the session is not in or has not asked for, and makes edits of what it said before. And so is what core answers by a `TypeError`: to end a
 * subscription twice.
 */
function run(make: (trace: Trace) => Subject, steps: readonly Step[]): Trace {
  const trace: Trace = [];
  const subject = make(trace);
  const joined = new Joined();
  const ends: ({ id: string; isHeard: boolean; end(): void } | undefined)[] = [];
  const told = new Map<string, Map<string, PresenceEntry>>();
  const begin = (id: string, isHeard: boolean, end: () => void): void => {
    joined.enter(id, isHeard);
    ends.push({ id, isHeard, end });
  };
  for (const one of steps) {
    trace.push(one.do);
    const seen = `seen ${ends.length}`;
    const callback = (...args: unknown[]): void => void trace.push({ [seen]: structuredClone(args) });
    switch (one.do) {
      case 'join':
        begin(one.id, false, subject.join(one.type, one.id, one.presence));
        break;
      case 'watch':
        begin(one.id, true, subject.subscribePresence(one.type, one.id, one.options, callback));
        break;
      case 'listen':
        begin(one.id, true, subject.subscribeTopic(one.type, one.id, one.topic, callback));
        break;
      case 'end': {
        const ended = ends[one.which];
        if (!ended) break;
        ends[one.which] = undefined;
        ended.end();
        joined.end(ended.id, ended.isHeard);
        if (!joined.has(ended.id)) told.delete(ended.id);
        break;
      }
      case 'show':
        subject.publishPresence(one.type, one.id, one.changes);
        break;
      case 'say':
        subject.publishTopic({ roomType: one.type, roomId: one.id, topic: one.topic, data: one.data });
        break;
      case 'look':
        trace.push(structuredClone(subject.presence(one.type, one.id, one.options)));
        break;
      case 'answer':
        if (joined.wasAsked(one.id)) receive({ op: one.op as 'join-room-ok', 'room-id': one.id });
        break;
      case 'refuse':
        receive({ op: 'join-room-error', 'room-id': one.id, error: 'No' });
        break;
      case 'tell': {
        if (!joined.has(one.id)) break;
        const before = told.get(one.id) ?? new Map();
        const room = new Map(Object.entries(one.room).map(([id, data]) => [id, entryOf(id, data)]));
        told.set(one.id, room);
        if (one.whole) receive({ op: 'refresh-presence', 'room-id': one.id, data: Object.fromEntries(room) });
        else receive({ op: 'patch-presence', 'room-id': one.id, edits: diffPresence(before, room) });
        break;
      }
      case 'hear': {
        const data = { 'peer-id': one.from, data: 'hello' };
        if (joined.has(one.id))
          receive({ op: 'server-broadcast', 'room-id': one.id, topic: one.topic, data });
        break;
      }
      default:
        joined.renew();
        subject[one.do]();
    }
  }
  return trace;

  function receive(frame: RoomFrame): void {
    expect(isRoomFrame(frame)).toBe(true);
    subject.receive(structuredClone(frame));
  }
}

/** The rooms that are joined: whoever ends something leaves the room, if nobody is told of anything in it any more. */
class Joined {
  readonly #heard = new Map<string, number>();
  #asked = new Set<string>();

  /** A new session begins or an old one has ended. */
  renew(): void {
    this.#asked = new Set(this.#heard.keys());
  }

  /** Whether this session has asked for the room, so that the server has something to answer. */
  wasAsked(id: string): boolean {
    return this.#asked.has(id);
  }

  has(id: string): boolean {
    return this.#heard.has(id);
  }

  enter(id: string, isHeard: boolean): void {
    this.#asked.add(id);
    this.#heard.set(id, (this.#heard.get(id) ?? 0) + Number(isHeard));
  }

  end(id: string, isHeard: boolean): void {
    const heard = (this.#heard.get(id) ?? 0) - Number(isHeard);
    if (heard > 0) this.#heard.set(id, heard);
    else this.#heard.delete(id);
  }
}

function entryOf(id: string, data: JsonObject): PresenceEntry {
  return { 'peer-id': id, 'instance-id': 'i', user: null, data };
}

test(`rooms do what core's do, step by step (FAST_CHECK_SEED=${seed})`, () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      expect(run(ours, steps)).toEqual(run(cores, steps));
    }),
    { seed, numRuns: 2_000 },
  );
});
