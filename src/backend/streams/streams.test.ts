import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { random } from '../../../conformance/support/random.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { backendForTests } from '../testing/backend-for-tests.ts';
import { type Message, RawSession } from '../testing/raw-session.ts';

const backend = await backendForTests();
const app = backend.createApp();

const NEVER = '11111111-1111-4111-8111-111111111111';
const id = (): string => crypto.randomUUID();
const admin = (of = app): Promise<RawSession> =>
  RawSession.init(backend, of, { '__admin-token': of.adminToken });

interface Writer {
  session: RawSession;
  streamId: string;
  clientId: string;
  token: string;
}

async function write(
  fields: { clientId?: string; token?: string } = {},
): Promise<Writer & { start: Message }> {
  const { clientId = id(), token = id() } = fields;
  const session = await admin();
  const start = await session.ask({ op: 'start-stream', 'client-id': clientId, 'reconnect-token': token });
  return { session, start, streamId: String(start['stream-id']), clientId, token };
}

function append(
  { session, streamId }: Writer,
  offset: number,
  chunks: string[],
  rest: JsonObject = {},
): string {
  return session.send({ op: 'append-stream', 'stream-id': streamId, offset, chunks, ...rest });
}

/** Reads a stream to its end. */
async function readAll(session: RawSession, fields: JsonObject): Promise<{ text: string; last: Message }> {
  const event = session.send({ op: 'subscribe-stream', ...fields });
  let text = '';
  for (;;) {
    const message = await session.take((one) => one['client-event-id'] === event);
    if (message.op !== 'stream-append') throw new Error(JSON.stringify(message));
    text += message.content ?? '';
    if (message.done || message.error) return { text, last: message };
  }
}

async function streamEntity(streamId: string): Promise<JsonObject> {
  const session = await admin();
  const q = { $streams: { $: { where: { id: streamId } } } };
  const answer = await session.ask({ op: 'add-query', q, 'return-type': 'tree' });
  await session.close();
  return (answer.result as { $streams: JsonObject[] }).$streams[0] as JsonObject;
}

describe('writing', () => {
  test('begins with a new entity, and ends in it', async () => {
    const writer = await write();
    expect(writer.start).toMatchObject({
      op: 'start-stream-ok',
      'client-id': writer.clientId,
      'stream-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      offset: 0,
    });
    expect(await streamEntity(writer.streamId)).toMatchObject({
      clientId: writer.clientId,
      machineId: expect.any(String),
      hashedReconnectToken: createHash('sha256')
        .update(writer.token.replaceAll('-', ''), 'hex')
        .digest('hex'),
    });
    append(writer, 0, ['héllo', ' ']);
    append(writer, 7, ['😀']);
    append(writer, 11, [], { done: true, 'abort-reason': 'enough' });
    expect(await writer.session.next()).toEqual({
      op: 'stream-flushed',
      'stream-id': writer.streamId,
      offset: 11,
      done: true,
      'trace-id': null,
    });
    expect(await streamEntity(writer.streamId)).toMatchObject({
      done: true,
      size: 11,
      abortReason: 'enough',
    });
    await writer.session.close();
  });

  test('leaves a file that goes with the stream', async () => {
    const writer = await write();
    append(writer, 0, ['Hello']);
    append(writer, 5, [' World'], { done: true });
    await writer.session.nextOf('stream-flushed');
    const session = await admin();
    const ask = async (q: JsonObject): Promise<Message['result']> =>
      (await session.ask({ op: 'add-query', q, 'return-type': 'tree' })).result;
    const { $streams } = (await ask({
      $streams: { $: { where: { id: writer.streamId } }, $files: {} },
    })) as { $streams: [{ $files: [JsonObject] }] };
    const [file] = $streams[0].$files;
    expect(file).toMatchObject({
      path: `$stream/${writer.streamId}/0`,
      size: 11,
      'content-type': 'application/octet-stream',
    });
    expect(await (await fetch(String(file.url))).text()).toBe('Hello World');
    const part = await fetch(String(file.url), { headers: { range: 'bytes=3-7' } });
    expect([part.status, await part.text()]).toEqual([206, 'lo Wo']);
    const steps = [['delete-entity', writer.streamId, '$streams']];
    expect((await session.ask({ op: 'transact', 'tx-steps': steps })).op).toBe('transact-ok');
    expect(await ask({ $files: { $: { where: { id: String(file.id) } } } })).toEqual({ $files: [] });
    expect((await fetch(String(file.url))).status).toBe(404);
  });

  test('is acknowledged each mebibyte', async () => {
    const writer = await write();
    const half = 'x'.repeat(512 * 1024);
    append(writer, 0, [half]);
    append(writer, half.length, [half]);
    append(writer, 2 * half.length, [half]);
    append(writer, 3 * half.length, [half, half]);
    for (const offset of [2, 5]) {
      expect(await writer.session.next()).toMatchObject({
        op: 'stream-flushed',
        offset: offset * half.length,
        done: false,
      });
    }
    await writer.session.close();
  });

  test('goes on in another session, after all that arrived', async () => {
    const first = await write();
    append(first, 0, ['abc']);
    await first.session.ask({ op: 'remove-query', q: {} });
    await first.session.close();
    const second = await write(first);
    expect(second.start).toMatchObject({ 'stream-id': first.streamId, offset: 3 });
    append(second, 3, ['def'], { done: true });
    await second.session.nextOf('stream-flushed');
    expect((await readAll(second.session, { 'stream-id': first.streamId })).text).toBe('abcdef');
    await second.session.close();
  });

  test('is taken from a session that has not noticed its end', async () => {
    const first = await write();
    append(first, 0, ['abc']);
    await first.session.ask({ op: 'remove-query', q: {} });
    const second = await write(first);
    const late = append(first, 3, ['late']);
    expect(await first.session.next()).toMatchObject({
      op: 'error',
      'client-event-id': late,
      message: 'Validation failed for append-stream: Stream is missing.',
      'original-event': { op: 'append-stream', 'stream-id': first.streamId },
    });
    append(second, 3, ['d'], { done: true });
    expect(await second.session.nextOf('stream-flushed')).toMatchObject({ offset: 4, done: true });
    for (const { session } of [first, second]) await session.close();
  });

  test('with the token of another writer is refused', async () => {
    const { session, clientId } = await write();
    expect(
      await session.ask({ op: 'start-stream', 'client-id': clientId, 'reconnect-token': NEVER }),
    ).toMatchObject({
      op: 'error',
      message:
        'Validation failed for start-stream: A stream with that clientId already exists. Reconnect token is invalid.',
    });
    await session.close();
  });

  test('after the end is refused', async () => {
    const writer = await write();
    append(writer, 0, ['x'], { done: true });
    await writer.session.nextOf('stream-flushed');
    append(writer, 1, ['y']);
    expect(await writer.session.next()).toMatchObject({ op: 'error', type: 'validation-failed' });
    const again = { op: 'start-stream', 'client-id': writer.clientId, 'reconnect-token': writer.token };
    expect(await writer.session.ask(again)).toMatchObject({
      message: 'Validation failed for start-stream: Stream is closed.',
    });
    await writer.session.close();
  });

  test('of a stream that was deleted is refused, and stays so', async () => {
    const writer = await write();
    const reader = await admin();
    const read = readAll(reader, { 'stream-id': writer.streamId });
    const attr = '96653230-13ff-ffff-94f4-81ffffffffff';
    append(writer, 0, ['abc']);
    const steps = [['delete-entity', writer.streamId, '$streams']];
    const deleted = await writer.session.ask({ op: 'transact', 'tx-steps': steps });
    expect(deleted).toMatchObject({ op: 'transact-ok' });
    expect((await read).last).toMatchObject({ error: 'Stream is missing.' });
    append(writer, 3, ['d']);
    expect(await writer.session.next()).toMatchObject({ op: 'error' });
    const again = { op: 'start-stream', 'client-id': writer.clientId, 'reconnect-token': writer.token };
    expect(await writer.session.ask(again)).toMatchObject({ op: 'error', type: 'validation-failed' });
    expect(app.snapshot().triples.some(([e, a]) => e === writer.streamId && a === attr)).toBe(false);
    for (const session of [writer.session, reader]) await session.close();
  });

  test.each<[string, JsonObject, JsonObject]>([
    [
      'a wrong offset',
      { offset: 1 },
      { message: 'Validation failed for append-stream: Invalid offset for stream.' },
    ],
    ['a negative offset', { offset: -1 }, { type: 'param-malformed', hint: { in: ['offset'] } }],
    ['no offset', { offset: null }, { type: 'param-missing' }],
    ['a chunk that is no text', { chunks: ['a', 1] }, { type: 'param-malformed', hint: { in: ['chunks'] } }],
    ['no chunks', { chunks: null }, { type: 'param-missing' }],
    [
      'a stream of nobody',
      { 'stream-id': NEVER },
      { message: 'Validation failed for append-stream: Stream is missing.' },
    ],
    ['a text for an end', { done: 'yes' }, { type: 'param-malformed', hint: { in: ['done'] } }],
  ])('with %s is refused, and nothing is written', async (_case, fields, expected) => {
    const writer = await write();
    append(writer, 0, ['x'], fields);
    expect(await writer.session.next()).toMatchObject({ op: 'error', status: 400, ...expected });
    append(writer, 0, ['right'], { done: true });
    expect(await writer.session.next()).toMatchObject({ op: 'stream-flushed', offset: 5 });
    await writer.session.close();
  });

  test.each<[string, JsonObject]>([
    ['no name', {}],
    ['a blank name', { 'client-id': ' ' }],
    ['no token', { 'client-id': 'x' }],
    ['a token that is no uuid', { 'client-id': 'x', 'reconnect-token': 'x' }],
  ])('cannot begin with %s', async (_case, fields) => {
    const session = await admin();
    expect(await session.ask({ op: 'start-stream', ...fields })).toMatchObject({
      op: 'error',
      type: expect.stringMatching(/^param-/),
    });
    await session.close();
  });

  test('is not for everybody', async () => {
    const { session: writer, streamId } = await write();
    const session = await RawSession.init(backend, app);
    const denied = { op: 'error', type: 'permission-denied', hint: { expected: 'has-streams-permission?' } };
    expect(
      await session.ask({ op: 'start-stream', 'client-id': 'x', 'reconnect-token': id() }),
    ).toMatchObject({
      ...denied,
      hint: { input: ['$streams', 'create'] },
    });
    expect(await session.ask({ op: 'subscribe-stream', 'stream-id': streamId })).toMatchObject({
      ...denied,
      hint: { input: ['$streams', 'view'] },
    });
    for (const one of [writer, session]) await one.close();
  });

  test('and reading are for whom the rules let', async () => {
    const rules = {
      $streams: { allow: { create: "data.clientId == 'open'", view: 'ruleParams.key == data.clientId' } },
    };
    const ruled = backend.createApp({ rules });
    const session = await RawSession.init(backend, ruled);
    const start = { op: 'start-stream', 'reconnect-token': id() };
    expect(await session.ask({ ...start, 'client-id': 'shut' })).toMatchObject({ type: 'permission-denied' });
    expect(await session.ask({ ...start, 'client-id': 'open' })).toMatchObject({ op: 'start-stream-ok' });
    const read = { op: 'subscribe-stream', 'client-id': 'open' };
    expect(await session.ask(read)).toMatchObject({ type: 'permission-denied' });
    expect(await session.ask({ ...read, 'rule-params': { key: 'open' } })).toMatchObject({
      op: 'stream-append',
    });
    await session.close();
  });

  test('of a stream whose content is not here is refused, and so is reading', async () => {
    const other = backend.createApp();
    const writer = await admin(other);
    const token = id();
    const start = { op: 'start-stream', 'reconnect-token': token, 'client-id': 'moved' };
    const { 'stream-id': streamId = null } = await writer.ask(start);
    writer.send({ op: 'append-stream', 'stream-id': streamId, offset: 0, chunks: ['abc'], done: true });
    await writer.nextOf('stream-flushed');
    const copy = backend.createApp();
    copy.load(other.snapshot());
    const session = await admin(copy);
    expect(await session.ask({ op: 'subscribe-stream', 'client-id': 'moved' })).toMatchObject({
      op: 'error',
      message: 'Validation failed for subscribe-stream: Stream is invalid.',
    });
    for (const one of [writer, session]) await one.close();
  });

  test('stops when the app is read-only', async () => {
    const other = backend.createApp();
    const session = await admin(other);
    const start = { op: 'start-stream', 'client-id': 'x', 'reconnect-token': id() };
    const { 'stream-id': streamId = null } = await session.ask(start);
    other.setStatus('read-only');
    const more = { op: 'append-stream', 'stream-id': streamId, offset: 0, chunks: ['x'] };
    expect(await session.ask(more)).toMatchObject({ op: 'error', type: 'app-read-only' });
    await session.close();
  });
});

describe('reading', () => {
  test('begins at once, follows the writer, and ends with it', async () => {
    const writer = await write();
    const session = await admin();
    const event = session.send({ op: 'subscribe-stream', 'client-id': writer.clientId });
    const part = {
      op: 'stream-append',
      'client-event-id': event,
      'stream-id': writer.streamId,
      'client-id': writer.clientId,
    };
    expect(await session.next()).toEqual({ ...part, offset: 0, content: '', 'trace-id': null });
    append(writer, 0, ['one ', 'two']);
    expect(await session.next()).toMatchObject({ ...part, offset: 0, content: 'one two' });
    append(writer, 7, [], { done: true, 'abort-reason': 'why' });
    expect(await session.next()).toEqual({
      ...part,
      offset: 7,
      done: true,
      'abort-reason': 'why',
      'trace-id': null,
    });
    for (const one of [writer.session, session]) await one.close();
  });

  test('begins where it is asked to, or before, at a whole character', async () => {
    const writer = await write();
    append(writer, 0, ['aé😀b'], { done: true });
    await writer.session.nextOf('stream-flushed');
    for (const [offset, begins, content] of [
      [0, 0, 'aé😀b'],
      [1, 1, 'é😀b'],
      [2, 1, 'é😀b'],
      [6, 3, '😀b'],
      [7, 7, 'b'],
      [8, 8, undefined],
      [99, 8, undefined],
    ] as const) {
      const event = writer.session.send({ op: 'subscribe-stream', 'stream-id': writer.streamId, offset });
      const first = await writer.session.take((one) => one['client-event-id'] === event);
      expect([first.offset, first.content]).toEqual([begins, content]);
      if (!first.done) await writer.session.nextOf('stream-append');
    }
    await writer.session.close();
  });

  test('cuts what is long into pieces between characters', async () => {
    const writer = await write();
    const text = `a${'😀é'.repeat(200_000)}`;
    append(writer, 0, [text], { done: true });
    const { text: read } = await readAll(writer.session, { 'stream-id': writer.streamId });
    expect(read === text).toBe(true);
    await writer.session.close();
  });

  test('goes on while the writer comes and goes', async () => {
    const first = await write();
    const reader = await admin();
    const read = readAll(reader, { 'stream-id': first.streamId });
    append(first, 0, ['abc']);
    await first.session.ask({ op: 'remove-query', q: {} });
    await first.session.close();
    const second = await write(first);
    append(second, 3, ['def'], { done: true });
    expect((await read).text).toBe('abcdef');
    for (const session of [second.session, reader]) await session.close();
  });

  test('stops when asked to, once', async () => {
    const writer = await write();
    const session = await admin();
    const event = session.send({ op: 'subscribe-stream', 'stream-id': writer.streamId });
    await session.nextOf('stream-append');
    session.send({ op: 'unsubscribe-stream', 'subscribe-event-id': event });
    append(writer, 0, ['abc']);
    const again = await session.ask({ op: 'unsubscribe-stream', 'subscribe-event-id': event });
    expect(again).toMatchObject({
      op: 'error',
      message: 'Validation failed for unsubscribe-stream: Stream subscription is missing.',
    });
    await writer.session.ask({ op: 'remove-query', q: {} });
    await session.ask({ op: 'remove-query', q: {} });
    expect(session.pending).toEqual([]);
    for (const one of [writer.session, session]) await one.close();
  });

  test.each<[string, JsonObject, string]>([
    ['nothing', {}, 'Must provide either a stream-id or a client-id'],
    ['an unknown id', { 'stream-id': NEVER }, 'Stream is missing.'],
    ['an unknown name', { 'client-id': 'nobody' }, 'Stream is missing.'],
  ])('%s is refused', async (_case, fields, message) => {
    const session = await admin();
    expect(await session.ask({ op: 'subscribe-stream', ...fields })).toMatchObject({
      op: 'error',
      message: `Validation failed for subscribe-stream: ${message}`,
      'original-event': { op: 'subscribe-stream' },
    });
    await session.close();
  });
});

test('random chunks over lost connections arrive whole, for every reader', async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const next = random(seed);
  const below = (limit: number): number => Math.floor(next() * limit);
  const alphabet = ['a', 'é', '€', '😀', '\n', '"'];
  const encoder = new TextEncoder();
  let writer: Writer = await write();
  const readers = [await admin(), await admin()];
  const reading = readers.map((session) => readAll(session, { 'stream-id': writer.streamId }));
  let text = '';
  let size = 0;
  for (let round = 0; round < 200; round++) {
    if (below(20) === 0) {
      await writer.session.ask({ op: 'remove-query', q: {} });
      void writer.session.close();
      const again = await write(writer);
      expect(again.start, `seed ${seed}`).toMatchObject({ offset: size });
      writer = again;
    }
    const chunks = Array.from({ length: below(4) }, () =>
      Array.from({ length: below(50) }, () => alphabet[below(alphabet.length)]).join(''),
    );
    append(writer, size, chunks);
    text += chunks.join('');
    size = encoder.encode(text).length;
  }
  append(writer, size, [], { done: true });
  for (const read of reading) expect((await read).text, `seed ${seed}`).toBe(text);
  for (const session of [writer.session, ...readers]) await session.close();
});
