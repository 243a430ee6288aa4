import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { InstantNodeDatabase, InstantNodeError } from '@instantdb/node';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type FakeInstant, fakeInstant } from '../support/fake-instant.ts';
import { type Inbox, inbox } from '../support/inbox.ts';
import { oddNames } from '../support/odd-names.ts';
import { addressOf, open, serve } from '../support/open.ts';
import { type Schema, schema } from '../support/schema.ts';
import type { Message } from '../support/socket-server.ts';
import { textOf } from '../support/text-of.ts';
import { takeUncaught } from '../support/unhandled.ts';

const ownKeys = Reflect.ownKeys(Object.prototype);
let uncaught: Inbox<unknown>;
beforeEach(() => {
  uncaught = takeUncaught();
  onTestFinished(() => {
    expect(Reflect.ownKeys(Object.prototype)).toEqual(ownKeys);
    expect(uncaught.all).toEqual([]);
  });
});

describe('over the local backend', () => {
  // As Instant's server, which keeps names in an index of Postgres.
  const unstorable = oddNames.filter((name) => name.includes('\u0000') || name.length > 1_000);
  const named = oddNames.filter((name) => name.trim() !== '' && !unstorable.includes(name));

  test('a stream may have any name', async () => {
    const backend = await serve();
    const app = backend.createApp({ schema });
    const db = open(addressOf(backend, app), { adminToken: app.adminToken });
    await db.ready();
    for (const clientId of named) {
      const writer = db.streams.createWriteStream({ clientId }).getWriter();
      const read = textOf(db.streams.createReadStream({ clientId }));
      await writer.write('good');
      await writer.close();
      expect(await read).toBe('good');
    }
    for (const clientId of unstorable) {
      await expect(db.streams.createWriteStream({ clientId }).streamId()).rejects.toThrow(
        /null bytes|too large/,
      );
    }
  });

  test.each<[string, unknown]>([
    ['a number', 7],
    ['an object', { toString: 1 }],
    ['null', null],
    ['bytes', new Uint8Array(3)],
  ])('%s is refused where text is to be written', async (_what, chunk) => {
    const backend = await serve();
    const app = backend.createApp({ schema });
    const db = open(addressOf(backend, app), { adminToken: app.adminToken });
    const stream = db.streams.createWriteStream({ clientId: 'c' });
    await stream.streamId();
    const read = textOf(db.streams.createReadStream({ clientId: 'c' }));
    const writer = stream.getWriter();
    await writer.write('good');
    await expect(writer.write(chunk as string)).rejects.toThrow('Cannot write to the stream: a chunk is');
    await expect(writer.closed).rejects.toThrow(TypeError);
    expect(await read).toBe('good');
  });

  test('a stream without a name is refused to whoever reads or writes it, and to nobody else', async () => {
    const backend = await serve();
    const app = backend.createApp({ schema });
    const db = open(addressOf(backend, app), { adminToken: app.adminToken });
    for (const options of [{}, { clientId: '' }, { streamId: '' }]) {
      await expect(textOf(db.streams.createReadStream(options))).rejects.toThrow(
        'Must provide one of streamId or clientId',
      );
    }
    await expect(db.streams.createWriteStream({ clientId: '' }).streamId()).rejects.toThrow('client-id');
  });
});

interface Talk {
  server: FakeInstant;
  db: InstantNodeDatabase<Schema>;
  errors: Inbox<InstantNodeError>;
  /** Sends a frame over every open connection. */
  send(frame: object): void;
  /** The next message of this op that the client has sent. */
  sent(op: string): Promise<Message>;
}

async function talk(answer: (message: Message) => Message | undefined = () => undefined): Promise<Talk> {
  const arrived = inbox<Message>();
  const server = await fakeInstant({
    answer: (message, _peer, good) => {
      arrived.push(message);
      return answer(message) ?? good;
    },
  });
  const db = open(server.address);
  const errors = inbox<InstantNodeError>();
  db.subscribeErrors(errors.push);
  await db.ready();
  return {
    server,
    db,
    errors,
    send: (frame) => {
      for (const peer of server.peers.all) peer.send(frame);
    },
    sent: (op) => arrived.next((message) => message.op === op),
  };
}

const eventOf = (message: Message): object => ({ 'client-event-id': message['client-event-id'] });

describe('whatever a server sends', () => {
  test('a stream may have any id', async () => {
    const { db, send, sent, errors } = await talk();
    // Core takes an empty id for none.
    for (const streamId of oddNames.filter((name) => name !== '')) {
      const stream = db.streams.createWriteStream({ clientId: 'c' });
      const start = await sent('start-stream');
      send({ op: 'start-stream-ok', ...eventOf(start), 'stream-id': streamId, offset: 0 });
      const writer = stream.getWriter();
      await writer.write('one');
      expect(await sent('append-stream')).toMatchObject({ 'stream-id': streamId, chunks: ['one'] });
      send({ op: 'append-failed', 'stream-id': streamId });
      const again = await sent('start-stream');
      send({ op: 'start-stream-ok', ...eventOf(again), 'stream-id': streamId, offset: 0 });
      expect(await sent('append-stream')).toMatchObject({ 'stream-id': streamId, chunks: ['one'] });
      send({ op: 'stream-flushed', 'stream-id': streamId, offset: 3, done: true });
    }
    expect(errors.all).toEqual([]);
  });

  test('streams that nobody has are ignored, whatever they are called', async () => {
    const { db, send, sent, errors } = await talk();
    for (const name of oddNames) {
      send({ op: 'start-stream-ok', 'client-event-id': name, 'stream-id': name, offset: 0 });
      send({ op: 'stream-flushed', 'stream-id': name, offset: 1, done: true });
      send({ op: 'append-failed', 'stream-id': name });
      send({ op: 'stream-append', 'client-event-id': name, 'stream-id': name, offset: 0, content: 'x' });
    }
    const read = textOf(db.streams.createReadStream({ clientId: 'c' }));
    const subscribe = await sent('subscribe-stream');
    const part = { op: 'stream-append', ...eventOf(subscribe), 'stream-id': 's' };
    send({ ...part, offset: 0, content: 'good', done: true });
    expect(await read).toBe('good');
    expect(errors.all).toEqual([]);
  });

  test('a part that is not of the protocol is told of, and those that are go on', async () => {
    const { db, send, sent, errors } = await talk();
    const read = textOf(db.streams.createReadStream({ clientId: 'c' }));
    const part = {
      op: 'stream-append',
      ...eventOf(await sent('subscribe-stream')),
      'stream-id': 's',
      offset: 0,
    };
    const wrong = [
      { content: 7 },
      { content: { toString: 1 } },
      { offset: 'x' },
      { 'stream-id': { toString: 1 } },
      ...[7, [null], [{}], [{ url: 7 }], [{ url: 'nowhere' }], [{ url: 'file:///etc/hostname' }]].map(
        (files) => ({
          files,
        }),
      ),
    ];
    for (const fields of wrong) send({ ...part, ...fields });
    send({ ...part, content: 'good', done: true });
    expect(await read).toBe('good');
    expect(errors.all.map(({ code }) => code)).toEqual(wrong.map(() => 'protocol'));
  });
});

/** Serves the files of streams. */
async function serveFiles(handle: (response: ServerResponse, count: number) => void): Promise<string> {
  let count = 0;
  const server: Server = createServer((_request, response) => handle(response, ++count));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the files of a stream', () => {
  const content = Buffer.from('\ufeffaé€😀z');

  /** Answers each wish to read with two files and something more. */
  function reading(url: string): Promise<Talk> {
    return talk((message) =>
      message.op === 'subscribe-stream'
        ? {
            op: 'stream-append',
            ...eventOf(message),
            'stream-id': 's',
            offset: 0,
            files: [
              { url: `${url}/1`, size: content.length },
              { url: `${url}/2`, size: content.length },
            ],
            content: '€ and more',
            done: true,
          }
        : undefined,
    );
  }
  const whole = `${content}${content}€ and more`;

  test('are read in order, wherever their bytes are cut', async () => {
    const url = await serveFiles((response) => {
      for (const byte of content) response.write(Buffer.from([byte]));
      response.end();
    });
    const { db } = await reading(url);
    expect(await textOf(db.streams.createReadStream({ clientId: 'c' }))).toBe(whole);
    const byteOffset = content.length * 2 + 3;
    expect(await textOf(db.streams.createReadStream({ clientId: 'c', byteOffset }))).toBe(' and more');
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['is refused', (response) => response.writeHead(500).end()],
    ['is cut before its head', (response) => response.destroy()],
    [
      'is cut in its middle',
      (response) => {
        response.writeHead(200, { 'Content-Length': content.length });
        response.write(content.subarray(0, 5), () => response.destroy());
      },
    ],
  ])('are asked for again when one %s', async (_what, fail) => {
    const url = await serveFiles((response, count) => {
      if (count === 2) fail(response);
      else response.end(content);
    });
    const { db } = await reading(url);
    expect(await textOf(db.streams.createReadStream({ clientId: 'c' }))).toBe(whole);
  });

  test('are fetched no longer than the database is open', async () => {
    const begun = inbox<ServerResponse>();
    const url = await serveFiles((response) => {
      response.write(content);
      begun.push(response);
    });
    const { db } = await reading(url);
    const read = textOf(db.streams.createReadStream({ clientId: 'c' }));
    const response = await begun.next();
    const gone = new Promise((resolve) => response.once('close', resolve));
    const closed = db.close();
    await expect(read).rejects.toThrow('The database was closed');
    await Promise.all([closed, gone]);
  });
});
