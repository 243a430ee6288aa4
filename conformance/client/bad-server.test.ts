import { type InstantNodeError, type InstaQLSubscriptionState, id } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { downFrames, placesIn, replaced, wrongValues } from '../support/down-frames.ts';
import { attrs, type FakeInstant, fakeInstant, resultOf } from '../support/fake-instant.ts';
import { type Inbox, inbox } from '../support/inbox.ts';
import { follow, open } from '../support/open.ts';
import { seededRandom } from '../support/random.ts';
import { goal, type Schema } from '../support/schema.ts';
import { takeUncaught } from '../support/unhandled.ts';

const query = { goals: {} };

interface Session {
  server: FakeInstant;
  db: ReturnType<typeof open>;
  errors: Inbox<InstantNodeError>;
  uncaught: Inbox<unknown>;
  /** Sends a frame of any kind over every open connection. */
  send(frame: unknown): void;
  /** Resolves once good frames have the effect that they ought to have. */
  works(): Promise<void>;
}

/** A client with a live query, a room, a synced table and a stream, on a server that can be made to talk nonsense. */
async function session(): Promise<Session> {
  const uncaught = takeUncaught();
  const goalId = id();
  let title = 'start';
  const server = await fakeInstant({
    answer: (_message, _peer, good) =>
      good?.op === 'add-query-ok' ? { ...good, result: resultOf({ [goalId]: title }) } : good,
  });
  const db = open(server.address);
  const errors = inbox<InstantNodeError>();
  db.subscribeErrors(errors.push);
  await db.ready();
  const goals: Inbox<InstaQLSubscriptionState<Schema, typeof query, false>> = follow(db, query);
  const room = db.joinRoom('chat', 'lobby');
  room.subscribePresence({}, () => {});
  room.subscribeTopic('wave', () => {});
  db._syncTableExperimental(query, () => {});
  await goals.next();
  const send = (frame: unknown): void => {
    for (const peer of server.peers.all) peer.send(frame);
  };
  let count = 0;
  const works = async (): Promise<void> => {
    title = `good ${++count}`;
    send({ op: 'init-ok', 'session-id': 's', attrs, 'app-status': { status: 'active' } });
    const computation = { 'instaql-query': query, 'instaql-result': resultOf({ [goalId]: title }) };
    send({ op: 'refresh-ok', 'processed-tx-id': 1, computations: [computation] });
    await goals.next(({ data }) => data?.goals.some((goal) => goal.title === title) ?? false);
  };
  return { server, db, errors, uncaught, send, works };
}

const deep = (depth: number, inner: string): string => `${'['.repeat(depth)}${inner}${']'.repeat(depth)}`;
const deepNodes = (depth: number): string => {
  const open = '[{"data":{"datalog-result":{"join-rows":[]}},"child-nodes":';
  return `{"op":"add-query-ok","q":{"goals":{}},"processed-tx-id":1,"result":${open.repeat(depth)}[]${'}]'.repeat(depth)}}`;
};

describe('a frame that is not of the protocol is told of with code "protocol", and the session goes on', () => {
  test.each([
    ['no JSON', 'hello'],
    ['half of some JSON', '{"op":"init-ok"'],
    ['nothing', ''],
    ['a number', '7'],
    ['null', 'null'],
    ['a text', '"init-ok"'],
    ['an array of numbers', '[1]'],
    ['an object without op', '{}'],
    ['an op that is no text', '{"op":1}'],
    ['an op of Object.prototype', '{"op":"__proto__","x":1}', 'ignored'],
    ['an unknown op', '{"op":"make-coffee"}', 'ignored'],
    ['a deep array', deep(100_000, '')],
    ['a deep query', `{"op":"add-query-exists","q":{"goals":${deep(50_000, '')}}}`],
    ['a deep result', deepNodes(20_000)],
    [
      'a deep hint',
      `{"op":"refresh-presence","room-id":"lobby","data":{"s":{"data":${deep(50_000, '')}}}}`,
      'any',
    ],
    ['16 MB of text', JSON.stringify({ op: 'x', text: 'x'.repeat(16_000_000) }), 'ignored'],
  ])('%s', async (_, frame, outcome = 'told') => {
    const { send, works, errors, uncaught } = await session();
    send(frame);
    await works();
    if (outcome === 'told') expect(errors.all).toMatchObject([{ code: 'protocol' }]);
    if (outcome === 'ignored') expect(errors.all).toEqual([]);
    expect(uncaught.all).toEqual([]);
  });

  test('a binary frame is read as the text that it holds', async () => {
    const { server, works, errors, uncaught } = await session();
    const [peer] = server.peers.all;
    peer?.sendBytes(Buffer.from([0xff, 0x00, 0x80]));
    peer?.sendBytes(Buffer.from('{"op":"make-coffee"}'));
    await works();
    expect(errors.all).toMatchObject([{ code: 'protocol' }]);
    expect(uncaught.all).toEqual([]);
  });

  test('the error names what is wrong, and never holds what was sent', async () => {
    const { send, works, errors } = await session();
    send({ op: 'transact-ok', 'client-event-id': 7, 'tx-id': 'secret' });
    await works();
    expect(errors.all[0]?.message).toBe(
      'Ignored what the server sent: in "transact-ok", "client-event-id" is not a string',
    );
  });
});

test('each field of each message of a server may hold anything', async () => {
  const { send, works, errors, uncaught } = await session();
  let count = 0;
  for (const frame of downFrames('lobby', query)) {
    for (const place of placesIn(frame).filter(([key]) => key !== undefined && key !== 'op')) {
      for (const wrong of wrongValues) {
        send(replaced(frame, place, wrong));
        count++;
      }
    }
    await works();
    expect(uncaught.all, frame.op).toEqual([]);
  }
  expect(count).toBeGreaterThan(300);
  expect(new Set(errors.all.map(({ code }) => code))).toEqual(new Set(['protocol']));
  expect(errors.all.length).toBeGreaterThan(count / 5);
});

test('several fields may be wrong at once', async () => {
  const seed = Number(process.env.TEST_SEED ?? 20_260_821);
  console.log(`TEST_SEED=${seed}`);
  const random = seededRandom(seed);
  const { send, works, uncaught } = await session();
  const frames = downFrames('lobby', query);
  for (let count = 0; count < 400; count++) {
    let frame: unknown = random.pick(frames);
    for (let changes = 1 + random.below(3); changes > 0; changes--) {
      const places = placesIn(frame).filter(([key]) => key !== undefined);
      if (places.length > 0) frame = replaced(frame, random.pick(places), random.pick(wrongValues));
    }
    send(random.below(10) === 0 ? [frame] : frame);
    if (count % 20 === 0) await works();
    expect(uncaught.all, JSON.stringify(frame)).toEqual([]);
  }
  await works();
  expect(uncaught.all).toEqual([]);
});

test('a write is answered all the same after nonsense', async () => {
  const { db, send, works } = await session();
  send('nonsense');
  await works();
  expect(await db.transact(goal(id()).update({ title: 'Run' }))).toMatchObject({ status: 'synced' });
});
