import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { random } from '../../../conformance/support/random.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { excessOf } from '../../protocol/json-limits.ts';
import { asEvent, decodeFrame } from '../../protocol/parse.ts';
import { ROOM_OPS } from '../../protocol/rooms.ts';
import { STREAM_OPS } from '../../protocol/streams.ts';
import { SYNC_OPS } from '../../protocol/sync.ts';
import type { RequestEntry } from '../app/log-entries.ts';
import { type Backend, type BackendApp, type BackendLogEntry, startBackend } from '../index.ts';
import { guestOf } from '../permissions/guest.fixture.ts';
import { type Message, RawSession } from '../testing/raw-session.ts';
import { type FrameFacts, goodFrames, goodInits, randomFrame } from './frame-fuzz.fixture.ts';

const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const FRAMES = 10_000;
const BATCH = 50;
/** By event stream, where each frame is a request of its own, fewer are sent. */
const BATCH_BY_EVENT_STREAM = 10;
/** A session is replaced by a new one after so many batches. */
const BATCHES_OF_A_SESSION = 10;
/** After so many frames, all that is built once is built, and memory is measured for the first time. */
const WARM_UP = 2_000;
const MAX_GROWTH_BYTES = 32 * 1024 * 1024;

/** What these are answered with, when all is well, comes later, or under another name, or not at all. */
const QUIET_OPS: ReadonlySet<unknown> = new Set([
  'append-stream',
  'subscribe-stream',
  'unsubscribe-stream',
  'remove-sync',
  'resync-table',
]);

const ALL_OPS = ['init', 'add-query', 'remove-query', 'transact', ...ROOM_OPS, ...SYNC_OPS, ...STREAM_OPS];

const schema: JsonObject = {
  entities: {
    todos: {
      attrs: {
        text: blob('string', { indexed: true }),
        position: blob('number', { indexed: true }),
        due: blob('date', { indexed: true }),
        meta: blob('json'),
      },
    },
    people: { attrs: { name: blob('string', { indexed: true, unique: true }) } },
  },
  links: {
    todoOwner: {
      forward: { on: 'todos', label: 'owner', has: 'one' },
      reverse: { on: 'people', label: 'todos', has: 'many' },
    },
  },
  rooms: {},
};

const rules: JsonObject = {
  todos: {
    allow: {
      view: "data.position == null || data.position < 100 || ruleParams.secret == 'x' || data.text == auth.id",
      create: "auth.id == null || size(data.ref('owner.name')) < 3",
      update: "newData.text != 'forbidden' && (auth.id == null || request.modifiedFields.all(f, f != 'due'))",
      delete: "'Ada' in data.ref('owner.name') || ruleParams.secret == 'x'",
    },
  },
  people: { allow: { view: "data.name != 'Eve'", update: "auth.type != 'guest' || data.name != 'Bob'" } },
  $users: { allow: { view: 'auth.id == data.id' } },
  $streams: { allow: { create: 'true', view: 'true' } },
};

function blob(valueType: string, config: JsonObject = {}): JsonObject {
  return { valueType, required: false, config: { indexed: false, unique: false, ...config } };
}

const failures: BackendLogEntry[] = [];
const requests: RequestEntry[] = [];
let backend: Backend;
let app: BackendApp;
let attrs: ReadonlyMap<string, string>;
let userToken: string;

beforeAll(async () => {
  console.log(`Frames are spoilt with FUZZ_SEED=${seed}`);
  backend = await startBackend({
    log: (entry) => {
      if (entry.level === 'error') failures.push(entry);
    },
    onRequest: (entry) => requests.push(entry),
    // So that many an event has to wait for its turn.
    sliceMs: 0,
  });
  app = backend.createApp({ schema, rules });
  userToken = (await guestOf(backend, app)).token;
  attrs = new Map(app.snapshot().attrs.map((it) => [it['forward-identity'].slice(1).join('.'), it.id]));
});
afterAll(() => backend.close());

function attr(etype: string, label: string): string {
  const id = attrs.get(`${etype}.${label}`);
  if (id === undefined) throw new Error(`There is no ${etype}.${label}`);
  return id;
}

const ENTITIES = Array.from({ length: 8 }, (_, n) => `0000000${n}-0000-4000-8000-00000000000${n}`);

type Who = 'admin' | 'visitor' | 'user';
type By = 'socket' | 'event stream';

/** A session that has a stream and a sync table, as far as it may, and frames that are good for it. */
interface Lane {
  readonly by: By;
  readonly session: RawSession;
  readonly good: readonly JsonObject[];
  /** The longest frame that its session is not closed for. */
  readonly maxBytes: number;
}

function openLanes(): Promise<Lane[]> {
  return Promise.all([
    ...(['admin', 'visitor', 'user', 'user'] as const).map((who) => openLane(who, 'socket')),
    openLane('user', 'event stream'),
  ]);
}

function credentialsOf(who: Who): JsonObject {
  if (who === 'admin') return { '__admin-token': app.adminToken };
  return who === 'user' ? { 'refresh-token': userToken } : {};
}

async function openLane(who: Who, by: By): Promise<Lane> {
  const byEventStream = `${backend.url}/runtime/sse?app_id=${app.id}`;
  const session = await RawSession.open(by === 'socket' ? backend.websocketURI : byEventStream);
  const early = { op: 'add-query', q: { todos: {} } };
  expect(await session.ask(early)).toMatchObject({ op: 'error', type: 'validation-failed' });
  const greeting = await session.ask({ op: 'init', 'app-id': app.id, ...credentialsOf(who) });
  expect(greeting).toMatchObject({ op: 'init-ok' });
  const clientId = crypto.randomUUID();
  const reconnectToken = crypto.randomUUID();
  const names = { 'client-id': clientId, 'reconnect-token': reconnectToken };
  const stream = await session.ask({ op: 'start-stream', ...names });
  const sync = await session.ask({ op: 'start-sync', q: { todos: {} } });
  const isSynced = sync.op === 'start-sync-ok';
  const txId = isSynced ? Number((await session.nextOf('sync-init-finish'))['tx-id']) : 1;
  const facts: FrameFacts = {
    appId: app.id,
    attr,
    entities: ENTITIES,
    clientId,
    reconnectToken,
    streamId: String(stream['stream-id'] ?? clientId),
    subscription: {
      id: String(sync['subscription-id'] ?? clientId),
      token: String(sync.token ?? reconnectToken),
      txId,
    },
  };
  return { by, session, good: goodFrames(facts), maxBytes: Number.POSITIVE_INFINITY };
}

/** A session that is yet to be opened, by one of the frames or never. */
async function openStranger(): Promise<Lane> {
  const session = await RawSession.open(backend.websocketURI);
  const good = goodInits(app.id, app.adminToken, userToken);
  return { by: 'socket', session, good, maxBytes: MAX_NEWCOMER_BYTES };
}

type Frame = string | Uint8Array<ArrayBuffer>;

/** What is longer closes a session without an accepted `init`. */
const MAX_NEWCOMER_BYTES = 64 * 1024;

const NAMELESS = '(no id)';
const nameOf = (id: JsonValue | undefined): string => (id === undefined ? NAMELESS : JSON.stringify(id));

/** The events that arrive with a frame; null for each that is none. */
function eventsIn(frame: Frame, by: By): (JsonObject | null)[] {
  if (by === 'socket') return [eventOr(() => decodeFrame(frame))];
  // It is one of the messages of a request, which is refused as a whole when it cannot be read.
  const body = `{"messages":[${frame}]}`;
  if (excessOf(body)) return [];
  const messages = valuesIn(body);
  return messages.map((value) => eventOr(() => asEvent(value)));
}

function eventOr(decode: () => JsonObject): JsonObject | null {
  try {
    return decode();
  } catch {
    return null;
  }
}

function valuesIn(body: string): unknown[] {
  try {
    return (JSON.parse(body) as { messages: unknown[] }).messages;
  } catch {
    return [];
  }
}

/** The name that the answer to an event has to carry; undefined when there need not be an answer. */
function nameOfAnswerTo(event: JsonObject | null): string | undefined {
  if (!event) return NAMELESS;
  return QUIET_OPS.has(event.op) ? undefined : nameOf(event['client-event-id']);
}

/** The name that an answer carries; undefined for what came unasked, and for answers that need not have come. */
function nameOfAnswer({ op, ...message }: Message): string | undefined {
  if (op === 'error') {
    const original = message['original-event'] as JsonObject | null;
    const unasked = original?.op === 'refresh' || QUIET_OPS.has(original?.op);
    return unasked ? undefined : nameOf(message['client-event-id']);
  }
  return /-ok$|-exists$/.test(op) && op !== 'refresh-ok' ? nameOf(message['client-event-id']) : undefined;
}

/** Sends frames and then one that every server answers; gives all that was heard until that answer. */
async function exchange(session: RawSession, frames: readonly Frame[]): Promise<Message[]> {
  for (const frame of frames) session.sendRaw(frame);
  const gone = session.closed.then(({ code }) => {
    throw new Error(`Session closed with ${code}`);
  });
  const end = await Promise.race([session.ask({ op: 'remove-query', q: { nobody: { asked: {} } } }), gone]);
  // A session that none of the frames has opened refuses it, which is an answer as well.
  expect(['remove-query-ok', 'error']).toContain(end.op);
  const heard: Message[] = [];
  while (session.pending.length > 0) heard.push(await session.next());
  return heard;
}

/** Sends frames, and gives how many events were in them. */
async function fuzzOnce({ session, by }: Lane, frames: readonly Frame[]): Promise<number> {
  const heard = await exchange(session, frames);
  expect(failures, `FUZZ_SEED=${seed}`).toEqual([]);
  expect(
    heard.filter(({ op, status }) => op === 'error' && status === 500),
    `FUZZ_SEED=${seed}`,
  ).toEqual([]);
  const events = frames.flatMap((frame) => eventsIn(frame, by));
  const named = (name: string | undefined): name is string => name !== undefined;
  expect(heard.map(nameOfAnswer).filter(named), `FUZZ_SEED=${seed}`).toEqual(
    events.map(nameOfAnswerTo).filter(named),
  );
  return events.length;
}

function randomFrames(draw: () => number, { good, by, maxBytes }: Lane): Frame[] {
  const frames = Array.from({ length: by === 'socket' ? BATCH : BATCH_BY_EVENT_STREAM }, () =>
    randomFrame(draw, good, crypto.randomUUID()),
  ).filter((frame) => Buffer.byteLength(frame) <= maxBytes);
  // What is posted is text, whatever it holds.
  return by === 'socket' ? frames : frames.filter((frame) => typeof frame === 'string');
}

const isByHttp = ({ what }: RequestEntry): boolean => what.startsWith('POST ');

/** What is in use once everything that can be collected is. */
async function settledHeap(): Promise<number> {
  const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };
  if (!Bun) setFlagsFromString('--expose-gc');
  const collect = Bun ? () => Bun.gc(true) : (runInNewContext('gc') as () => void);
  for (let n = 0; n < 3; n++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  return process.memoryUsage().heapUsed;
}

test(`a session answers each of ${FRAMES} spoilt frames, in order, and the backend serves on`, async () => {
  const draw = random(seed);
  const lanes = await openLanes();
  const served = new Set<string>();
  let sent = 0;
  let early: number | undefined;
  for (let round = 1; sent < FRAMES; round++) {
    const stranger = await openStranger();
    const all = [...lanes, stranger];
    const batches = all.map((lane) => randomFrames(draw, lane));
    requests.length = 0;
    const counts = await Promise.all(all.map((lane, n) => fuzzOnce(lane, batches[n] ?? [])));
    await stranger.session.close();
    const handled = requests.filter((entry) => !isByHttp(entry));
    for (const { what, outcome } of handled) if (outcome === 'ok') served.add(what);
    // All of the events, and the last one of each session.
    expect(handled).toHaveLength(counts.reduce((sum, count) => sum + count + 1, 0));
    for (const { outcome } of requests.filter(isByHttp)) expect(['ok', '400']).toContain(outcome);
    sent += batches.flat().length;
    if (round % BATCHES_OF_A_SESSION === 0) {
      await Promise.all(lanes.map(({ session }) => session.close()));
      if (sent >= WARM_UP) early ??= await settledHeap();
      lanes.splice(0, lanes.length, ...(await openLanes()));
    }
  }
  await Promise.all(lanes.map(({ session }) => session.close()));
  // The frames get past the door: every operation was served at times.
  expect([...served].sort()).toEqual(ALL_OPS.toSorted());
  const growth = (await settledHeap()) - Number(early);
  console.log(`The heap grew by ${(growth / 1024 / 1024).toFixed(1)} MiB after the first ${WARM_UP} frames`);
  expect(growth).toBeLessThan(MAX_GROWTH_BYTES);

  const fresh = await RawSession.init(backend, app, { '__admin-token': app.adminToken });
  const id = crypto.randomUUID();
  const steps = [
    ['add-triple', id, attr('people', 'id'), id],
    ['add-triple', id, attr('people', 'name'), 'After all'],
  ];
  expect(await fresh.ask({ op: 'transact', 'tx-steps': steps })).toMatchObject({ op: 'transact-ok' });
  const q = { people: { $: { where: { name: 'After all' } } } };
  const answer = await fresh.ask({ op: 'add-query', q, 'return-type': 'tree' });
  expect(answer).toMatchObject({ op: 'add-query-ok', result: { people: [{ id, name: 'After all' }] } });
  await fresh.close();
  expect(failures).toEqual([]);
});
