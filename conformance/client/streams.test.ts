import type { InstantNodeDatabase } from '@instantdb/node';
import type { Backend } from '@instantdb/node/backend';
import { expect, test } from 'vitest';
import { type Address, addressOf, open, serve } from '../support/open.ts';
import { seededRandom } from '../support/random.ts';
import { type Schema, schema } from '../support/schema.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { textOf } from '../support/text-of.ts';

interface Served {
  backend: Backend;
  address: Address;
  /** A database with every right, connected directly or through something. */
  admin(through?: Pick<Backend, 'url' | 'websocketURI'>): InstantNodeDatabase<Schema>;
}

async function serveAdmin(): Promise<Served> {
  const backend = await serve();
  const app = backend.createApp({ schema });
  return {
    backend,
    address: addressOf(backend, app),
    admin: ({ url, websocketURI } = backend) =>
      open(
        { appId: app.id, apiURI: url, websocketURI },
        { adminToken: app.adminToken, disableValidation: true },
      ),
  };
}

test('what one database writes, another reads while it is written', async () => {
  const { admin } = await serveAdmin();
  const [writing, reading] = [admin(), admin()];
  const stream = writing.streams.createWriteStream({ clientId: 'story' });
  const writer = stream.getWriter();
  await writer.write('Once ');
  const story = reading.streams.createReadStream({ clientId: 'story' });
  const reader = story.getReader();
  expect(await reader.read()).toEqual({ done: false, value: 'Once ' });
  await writer.write('upön ');
  expect(await reader.read()).toEqual({ done: false, value: 'upön ' });
  await writer.write('a time');
  await writer.close();
  expect(await reader.read()).toEqual({ done: false, value: 'a time' });
  expect(await reader.read()).toMatchObject({ done: true });
  expect(await story.streamId()).toBe(await stream.streamId());
});

test('a stream that has ended is read whole, and from within, and is an entity', async () => {
  const { admin } = await serveAdmin();
  const db = admin();
  const long = 'é'.repeat(1_000_000);
  let finished: Promise<unknown> = Promise.resolve();
  const stream = db.streams.createWriteStream({
    clientId: 'long',
    waitUntil: (promise) => {
      finished = promise;
    },
  });
  const writer = stream.getWriter();
  await writer.write(long);
  await writer.write(long);
  await writer.close();
  await finished;
  const streamId = await stream.streamId();
  expect((await textOf(db.streams.createReadStream({ streamId }))) === long + long).toBe(true);
  const byteOffset = 3_999_990;
  expect(await textOf(db.streams.createReadStream({ streamId, byteOffset }))).toBe('ééééé');
  const { data } = await db.queryOnce({ $streams: {} } as never);
  expect(data).toMatchObject({ $streams: [{ id: streamId, clientId: 'long', done: true, size: 4_000_000 }] });
});

test('a stream that is aborted ends for its readers', async () => {
  const { admin } = await serveAdmin();
  const db = admin();
  const stream = db.streams.createWriteStream({ clientId: 'broken' });
  const writer = stream.getWriter();
  await writer.write('half');
  const reading = textOf(db.streams.createReadStream({ clientId: 'broken' }));
  await writer.abort('no more');
  expect(await reading).toBe('half');
});

test('a visitor may not write or read without a rule', async () => {
  const { address, admin } = await serveAdmin();
  const db = open(address);
  await expect(db.streams.createWriteStream({ clientId: 'x' }).streamId()).rejects.toThrow(
    'Permission denied',
  );
  await admin().streams.createWriteStream({ clientId: 'y' }).streamId();
  await expect(textOf(db.streams.createReadStream({ clientId: 'y' }))).rejects.toThrow('Permission denied');
});

test('writer and reader go on over connections that are cut', async () => {
  const { backend, admin } = await serveAdmin();
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const { below, pick } = seededRandom(seed);
  const proxy = await tcpProxy(backend);
  const writing = admin(proxy);
  const reading = admin(proxy);
  const stream = writing.streams.createWriteStream({ clientId: 'cut' });
  await stream.streamId();
  const writer = stream.getWriter();
  const read = textOf(reading.streams.createReadStream({ clientId: 'cut' }));
  const direct = admin().streams.createReadStream({ clientId: 'cut' }).getReader();
  let text = '';
  let seen = '';
  for (let round = 0; round < 6; round++) {
    for (let n = 0; n < 20; n++) {
      const chunk = Array.from({ length: 1 + below(20) }, () => pick(['a', 'é', '€', '😀', '\n'])).join('');
      await writer.write(chunk);
      text += chunk;
      if (n === 10) proxy.cut();
    }
    // So that each cut finds a connection.
    while (seen.length < text.length) seen += (await direct.read()).value ?? '';
  }
  await writer.close();
  expect(seen, `seed ${seed}`).toBe(text);
  expect(await read, `seed ${seed}`).toBe(text);
});

test('closing a database ends its streams for whoever waits for them', async () => {
  const { admin } = await serveAdmin();
  const db = admin();
  const stream = db.streams.createWriteStream({ clientId: 'left' });
  await stream.streamId();
  const writer = stream.getWriter();
  await writer.write('half');
  const reader = db.streams.createReadStream({ clientId: 'left' }).getReader();
  expect(await reader.read()).toEqual({ done: false, value: 'half' });
  const waiting = [reader.read(), writer.closed];
  const closed = db.close();
  for (const one of waiting) await expect(one).rejects.toThrow('The database was closed');
  await closed;
});
