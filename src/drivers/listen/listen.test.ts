import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'isows';
import { afterEach, describe, expect, test } from 'vitest';
import { isInstantNodeError } from '../../errors.ts';
import { denoGlobal } from '../../runtime/deno.ts';
import { detectRuntime } from '../../runtime/detect.ts';
import type { Listener, ListenOptions, Peer } from './contract.ts';
import { listen } from './index.ts';

// The contract, on the driver of whichever runtime runs this.

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of open.splice(0).reverse()) await it.close();
});

async function start(options: Partial<ListenOptions> = {}): Promise<Listener> {
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    fetch: async () => new Response('hello'),
    upgrade: () => (peer) => ({
      message: (data) => peer.send(typeof data === 'string' ? `text ${data}` : `bytes ${data.byteLength}`),
      closed() {},
    }),
    ...options,
  });
  open.push(listener);
  return listener;
}

async function dial({ port }: Listener, path = '/'): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  socket.binaryType = 'arraybuffer';
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error('refused'));
  });
  socket.onerror = null;
  return socket;
}

const nextMessage = (socket: WebSocket): Promise<unknown> =>
  new Promise((resolve) => {
    socket.onmessage = ({ data }) => resolve(data);
  });

const closeOf = (socket: WebSocket): Promise<{ code: number; reason: string }> =>
  new Promise((resolve) => {
    socket.onclose = ({ code, reason }) => resolve({ code, reason });
  });

/** A peer that shakes hands and then does as it is told, byte by byte. */
async function dialRaw(
  { port }: Listener,
  target = '/',
  headers: string[] = [],
): Promise<{ socket: Socket; status: string }> {
  const socket = connect(port, '127.0.0.1');
  open.push({ close: () => socket.destroy() });
  socket.on('error', () => {});
  const lines = ['Host: x', 'Upgrade: websocket', 'Connection: Upgrade'];
  const keys = ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'];
  socket.write([`GET ${target} HTTP/1.1`, ...lines, ...keys, ...headers, '', ''].join('\r\n'));
  const head = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))));
  return { socket, status: head.slice(9, 12) };
}

const ended = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on('close', () => resolve());
    socket.resume();
  });

describe('HTTP', () => {
  test('hands over the whole request, and sends the whole answer', async () => {
    const { port } = await start({
      fetch: async (request) => {
        const { pathname, search } = new URL(request.url);
        const text = await request.text();
        const said = `${request.method} ${pathname}${search} ${request.headers.get('x-a')} ${text.length}`;
        return new Response(said, { status: 418, headers: { 'x-b': 'c' } });
      },
    });
    const body = 'ä'.repeat(500_000);
    const response = await fetch(`http://127.0.0.1:${port}/a/b?c=d`, {
      method: 'PUT',
      body,
      headers: { 'x-a': 'y' },
    });
    expect(response.status).toBe(418);
    expect(response.headers.get('x-b')).toBe('c');
    expect(await response.text()).toBe('PUT /a/b?c=d y 500000');
  });

  test('tells where a request comes from', async () => {
    const { port } = await start({ fetch: async (_request, ip) => new Response(ip) });
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('127.0.0.1');
  });
});

describe('WebSocket', () => {
  test('tells where a handshake comes from', async () => {
    const senders: unknown[] = [];
    const listener = await start({
      upgrade: (_url, sender) => {
        senders.push(sender);
        return () => ({ message() {}, closed() {} });
      },
    });
    await dialRaw(listener);
    await dialRaw(listener, '/', ['Origin: https://example.com']);
    expect(senders).toEqual([
      { ip: '127.0.0.1', origin: null, host: 'x' },
      { ip: '127.0.0.1', origin: 'https://example.com', host: 'x' },
    ]);
  });

  test('delivers text and bytes in order', async () => {
    const socket = await dial(await start());
    const heard: unknown[] = [];
    const done = new Promise<void>((resolve) => {
      socket.onmessage = ({ data }) => {
        if (heard.push(data) === 3) resolve();
      };
    });
    socket.send('ä');
    socket.send(new Uint8Array(7));
    socket.send('');
    await done;
    expect(heard).toEqual(['text ä', 'bytes 7', 'text ']);
    socket.close();
  });

  test('refuses with 404 what upgrade() does not want, and what is no address', async () => {
    const asked: string[] = [];
    const listener = await start({
      upgrade: (url) => {
        asked.push(url.pathname + url.search);
        return undefined;
      },
    });
    expect((await dialRaw(listener, '/other?a=b')).status).toBe('404');
    expect(asked).toEqual(['/other?a=b']);
    expect((await dialRaw(listener, 'http://%zz/')).status).toBe('404');
  });

  test('closes with 1009 when a message is too large, and does not deliver it', async () => {
    const delivered: number[] = [];
    let gone: () => void = () => {};
    const closed = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const listener = await start({
      maxMessageBytes: 1_000,
      upgrade: () => () => ({ message: (data) => delivered.push(data.length), closed: () => gone() }),
    });
    const socket = await dial(listener);
    const end = closeOf(socket);
    socket.send('x'.repeat(1_000));
    socket.send('ä'.repeat(501));
    expect(await end).toMatchObject({ code: 1009, reason: expect.stringMatching(/larger|too big/) });
    await closed;
    expect(delivered).toEqual([1_000]);
  });

  test('keeps all that was sent for a peer that reads late, and tells how much that is', async () => {
    const [messages, bytes] = [64, 1024 * 1024];
    const peers = new EventEmitter();
    const listener = await start({
      upgrade: () => (peer) => {
        peers.emit('peer', peer);
        return { message() {}, closed() {} };
      },
    });
    const opened = once(peers, 'peer') as Promise<[Peer]>;
    const { socket } = await dialRaw(listener);
    socket.pause();
    const [peer] = await opened;
    for (let i = 0; i < messages; i++) peer.send('x'.repeat(bytes));
    expect(peer.bufferedAmount).toBeGreaterThan((messages * bytes) / 2);
    await new Promise<void>((resolve) => {
      let read = 0;
      socket.on('data', (data) => {
        read += data.length;
        if (read >= messages * bytes) resolve();
      });
      socket.resume();
    });
  });

  test.runIf(detectRuntime() === 'deno')('leaves no variable of its own in the process', async () => {
    const socket = await dial(await start());
    socket.send('x');
    await nextMessage(socket);
    expect(denoGlobal().env.get('DENO_USE_WRITEV')).toBeUndefined();
    socket.close();
  });

  test('drops a peer that sends a broken frame, and serves the others', async () => {
    const listener = await start();
    const { socket } = await dialRaw(listener);
    const end = ended(socket);
    socket.write(Buffer.from([0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
    await end;
    const other = await dial(listener);
    other.send('still');
    expect(await nextMessage(other)).toBe('text still');
    other.close();
  });

  test('drops a peer that goes silent, and tells once', async () => {
    let told = 0;
    let gone: () => void = () => {};
    const first = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const listener = await start({
      liveness: { pingMs: 250, unanswered: 4 },
      upgrade: () => () => ({
        message() {},
        closed() {
          told++;
          gone();
        },
      }),
    });
    const answering = await dial(listener);
    const { socket } = await dialRaw(listener);
    await Promise.all([ended(socket), first]);
    expect(told).toBe(1);
    expect(answering.readyState).toBe(WebSocket.OPEN);
    await listener.close();
    expect(told).toBe(2);
  });

  test('tells of the end once, and is safe to use afterwards', async () => {
    let peer: Peer | undefined;
    let told = 0;
    let gone: () => void = () => {};
    const closed = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const listener = await start({
      upgrade: () => (it) => {
        peer = it;
        return {
          message() {},
          closed() {
            told++;
            gone();
          },
        };
      },
    });
    const socket = await dial(listener);
    socket.close(4_001, 'bye');
    await closed;
    peer?.send('x');
    peer?.close(1_000, '');
    peer?.close(1_000, '');
    expect(peer?.bufferedAmount).toBeTypeOf('number');
    await listener.close();
    expect(told).toBe(1);
  });

  test('passes on the code and the reason of a close by the server', async () => {
    const listener = await start({
      upgrade: () => (peer) => ({ message: () => peer.close(4_002, 'enough'), closed() {} }),
    });
    const socket = await dial(listener);
    const end = closeOf(socket);
    socket.send('x');
    expect(await end).toEqual({ code: 4_002, reason: 'enough' });
  });
});

describe('close()', () => {
  test('ends peers with 1001, resolves though one of them is stuck, and frees the port', async () => {
    const listener = await start();
    const socket = await dial(listener);
    const end = closeOf(socket);
    await dialRaw(listener);
    await Promise.all([listener.close(), listener.close()]);
    expect((await end).code).toBe(1001);
    expect((await start({ port: listener.port })).port).toBe(listener.port);
  });

  test('resolves while an answer is being written', async () => {
    const listener = await start({
      fetch: async () => new Response(new ReadableStream({ start: (it) => it.enqueue(new Uint8Array(10)) })),
    });
    const response = await fetch(`http://127.0.0.1:${listener.port}/`);
    const rest = response.text().catch(() => 'cut off');
    await listener.close();
    expect(await rest).toBeTypeOf('string');
  });
});

test('an address that cannot be had is an error of code "backend", with the cause', async () => {
  const { port } = await start();
  const error: unknown = await start({ port }).catch((thrown) => thrown);
  expect(isInstantNodeError(error, 'backend')).toBe(true);
  expect((error as Error).cause, detectRuntime()).toBeInstanceOf(Error);
});
