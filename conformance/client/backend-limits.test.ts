import { connect } from 'node:net';
import { type Backend, type BackendOptions, startBackend } from '@instantdb/node/backend';
import { afterEach, describe, expect, test } from 'vitest';
import { RawPeer } from '../support/raw-peer.ts';

// What a backend takes from whoever can connect, on the listener of each runtime.

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function start(options: BackendOptions = {}): Promise<Backend> {
  const backend = await startBackend(options);
  open.push(() => backend.close());
  return backend;
}

async function dial({ websocketURI }: Backend): Promise<RawPeer> {
  const peer = await RawPeer.dial(websocketURI);
  open.push(() => peer.drop());
  return peer;
}

const initOf = (appId: string, more = ''): string => `{"op":"init","app-id":"${appId}","more":"${more}"}`;
const SIZE = 64 * 1024;

/** An event stream that was opened: how to post to it, and what it says until it ends. */
async function listenTo({ url }: Backend) {
  const response = await fetch(`${url}/runtime/sse`);
  const reader = response.body?.getReader();
  if (response.status !== 200 || !reader) return { status: response.status };
  open.push(() => reader.cancel().catch(() => {}));
  let heard = '';
  const read = async (): Promise<boolean> => {
    const { done, value } = await reader.read();
    heard += new TextDecoder().decode(value);
    return !done;
  };
  while (!heard.includes('sse-init')) await read();
  const greeting = JSON.parse(/^data: (.*sse-init.*)$/m.exec(heard)?.[1] ?? '{}');
  const post = (message: string) =>
    fetch(`${url}/runtime/sse`, {
      method: 'POST',
      body: `{"machine_id":"${greeting['machine-id']}","session_id":"${greeting['session-id']}","sse_token":"${greeting['sse-token']}","messages":[${message}]}`,
    });
  const end = async (): Promise<string> => {
    try {
      while (await read());
      return 'ended';
    } catch {
      return 'broken';
    }
  };
  return { status: response.status, post, end };
}

describe('before an init is accepted', () => {
  test('a message of 64 KiB is taken, and a larger one closes the session unparsed', async () => {
    const backend = await start();
    const app = backend.createApp();
    const first = await dial(backend);
    first.send(initOf(app.id, 'x'.repeat(SIZE - initOf(app.id).length)));
    expect(await first.message()).toMatchObject({ op: 'init-ok' });
    // Once it is in, it may send what it has to.
    first.send(`{"op":"remove-query","q":{"more":"${'x'.repeat(10 * SIZE)}"}}`);
    expect(await first.message()).toMatchObject({ op: 'remove-query-ok' });
    const second = await dial(backend);
    second.send(initOf('nobody'));
    expect(await second.message()).toMatchObject({ op: 'error' });
    second.send(initOf(app.id, 'x'.repeat(SIZE)));
    expect(await second.end()).toEqual({ code: 1009, reason: 'Message is larger than this server accepts' });
  });

  test('a larger body is refused with 413, and ends the event stream', async () => {
    const backend = await start();
    const app = backend.createApp();
    const session = await listenTo(backend);
    const refused = await session.post?.(initOf(app.id, 'x'.repeat(SIZE)));
    expect(refused?.status).toBe(413);
    expect(await refused?.json()).toMatchObject({ type: 'param-malformed', hint: { in: ['body'] } });
    await session.end?.();
    const other = await listenTo(backend);
    expect((await other.post?.(initOf(app.id)))?.status).toBe(200);
    expect((await other.post?.(`{"op":"remove-query","q":{"more":"${'x'.repeat(SIZE)}"}}`))?.status).toBe(
      200,
    );
  });

  test('a session is closed after a while, and one that was let in is not', async () => {
    const backend = await start({ initTimeoutMs: 500 });
    const app = backend.createApp();
    const accepted = await dial(backend);
    accepted.send(initOf(app.id));
    expect(await accepted.message()).toMatchObject({ op: 'init-ok' });
    const silent = await dial(backend);
    const refused = await dial(backend);
    refused.send(initOf('nobody'));
    const stream = await listenTo(backend);
    const late = { code: 1008, reason: 'No init was accepted within 0.5 s' };
    expect(await Promise.all([silent.end(), refused.end()])).toEqual([late, late]);
    await stream.end?.();
    accepted.send('{"op":"remove-query","q":{}}');
    expect(await accepted.message()).toMatchObject({ op: 'remove-query-ok' });
  });

  test('so many sessions are there at once, and others when one of them is let in or gone', async () => {
    const backend = await start({ maxNewcomers: 3 });
    const app = backend.createApp();
    const [first, second] = [await dial(backend), await dial(backend)];
    expect((await listenTo(backend)).status).toBe(200);
    expect((await dial(backend)).status).toBe(503);
    expect((await listenTo(backend)).status).toBe(429);
    first?.send(initOf(app.id));
    expect(await first?.message()).toMatchObject({ op: 'init-ok' });
    expect((await dial(backend)).status).toBe(101);
    expect((await dial(backend)).status).toBe(503);
    await second?.drop();
    await expect.poll(async () => (await dial(backend)).status).toBe(101);
    expect((await dial(backend)).status).toBe(503);
  });

  test('a handshake that comes to nothing counts for nothing', async () => {
    const backend = await start({ maxNewcomers: 1 });
    const { port, websocketURI } = backend;
    for (let i = 0; i < 5; i++) {
      const socket = connect(port, '127.0.0.1');
      const answer = new Promise((resolve) => socket.once('data', resolve));
      const path = new URL(websocketURI).pathname;
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
      );
      await answer;
      socket.destroy();
    }
    expect((await dial(backend)).status).toBe(101);
  });
});

describe('4 million JSON values', () => {
  const values = (count: number): string => `[${'1,'.repeat(count - 2)}1]`;
  const MANY = 4_000_000;

  test('are what a message may hold', async () => {
    const backend = await start();
    const app = backend.createApp();
    const peer = await dial(backend);
    peer.send(initOf(app.id));
    expect(await peer.message()).toMatchObject({ op: 'init-ok' });
    peer.send(`{"op":"remove-query","q":${values(MANY - 2)}}`);
    expect(await peer.message()).toMatchObject({ op: 'remove-query-ok' });
    peer.send(`{"op":"remove-query","q":${values(MANY)}}`);
    expect(await peer.end()).toEqual({ code: 1009, reason: 'A message holds at most 4000000 JSON values' });
  });

  test('are what a body may hold', async () => {
    const { url } = await start();
    const answer = await fetch(`${url}/runtime/auth/send_magic_code`, {
      method: 'POST',
      body: `{"a":${values(MANY)}}`,
    });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({
      type: 'param-malformed',
      message: expect.stringContaining('at most 4000000 JSON values'),
    });
  });
});

describe('a body that does not arrive', () => {
  const half = (path: string, headers: string[] = []): string =>
    [`POST ${path} HTTP/1.1`, 'Host: 127.0.0.1', 'Content-Length: 100000', ...headers, '', '{"a"'].join(
      '\r\n',
    );

  /** Sends a text, and then more of it from time to time; gives what is answered. */
  async function answerTo({ port }: Backend, text: string, more = ''): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(text);
    const timer = setInterval(() => socket.write(more), 50);
    const answer = await new Promise((resolve) => socket.once('data', resolve));
    clearInterval(timer);
    socket.destroy();
    return String(answer);
  }

  test.each([
    ['at all', ''],
    ['as fast as it has to', ' '],
  ])('%s is answered with 408', async (_what, more) => {
    const backend = await start({ bodyIdleMs: 300 });
    const answer = await answerTo(backend, half('/runtime/auth/send_magic_code'), more);
    expect(answer).toContain('HTTP/1.1 408 ');
    expect((await fetch(`${backend.url}/health`)).status).toBe(200);
  });

  test('is no file', async () => {
    const backend = await start({ bodyIdleMs: 300 });
    const app = backend.createApp();
    const headers = [`app-id: ${app.id}`, `authorization: Bearer ${app.adminToken}`, 'path: a.txt'];
    const text = half('/admin/storage/upload', headers).replace('POST', 'PUT');
    expect(await answerTo(backend, text)).toContain('HTTP/1.1 408 ');
    expect(app.snapshot().triples).toEqual([]);
  });
});
