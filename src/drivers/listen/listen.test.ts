import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { WebSocket } from 'isows';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { isInstantNodeError } from '../../errors.ts';
import { denoGlobal } from '../../runtime/deno.ts';
import { detectRuntime } from '../../runtime/detect.ts';
import { type Listener, type ListenOptions, type Peer, TOO_LARGE_REASON } from './contract.ts';
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

const nextBytes = (socket: Socket): Promise<Buffer> =>
  new Promise((resolve) => socket.once('data', (data) => resolve(data as Buffer)));

/** What comes of a socket, until it holds `end`. */
function textUntil(socket: Socket, end: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const gone = (): void => reject(new Error(`The connection ended behind ${JSON.stringify(text)}`));
    const take = (data: Buffer): void => {
      text += String(data);
      if (!text.includes(end)) return;
      socket.off('data', take).off('close', gone);
      resolve(text);
    };
    socket.on('data', take).once('close', gone);
  });
}

/** A frame as a client sends it, with a mask that changes nothing. */
function frameOf(opcode: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(14);
  head[0] = opcode;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(BigInt(payload.byteLength), 2);
  return Buffer.concat([head, payload]);
}

/** What a frame says that closes a connection. */
function closeIn(bytes: Buffer): { code: number; reason: string } | undefined {
  if (bytes[0] !== 0x88) return undefined;
  return { code: bytes.readUInt16BE(2), reason: bytes.subarray(4, 2 + Number(bytes[1])).toString() };
}

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

/** Posts one request after the other from a thread of its own, and counts the answers that it has got. */
const POSTING_CLIENT = `
  const { connect } = require('node:net');
  const { workerData } = require('node:worker_threads');
  const counts = new Int32Array(workerData.counts);
  const socket = connect(workerData.port, '127.0.0.1');
  let text = '';
  const post = () => socket.write('POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 2\\r\\n\\r\\n{}');
  socket.on('data', (data) => {
    text += data;
    // With a length, or in chunks.
    if (!text.endsWith('[done]') && !text.endsWith('0\\r\\n\\r\\n')) return;
    text = '';
    Atomics.add(counts, 0, 1);
    Atomics.notify(counts, 0);
    if (Atomics.load(counts, 0) < workerData.posts) post();
    else socket.end();
  });
  post();
`;

describe('what is to be done when a request is answered', () => {
  test('is done when the client can have the answer, 200 times of 200', async () => {
    const posts = 200;
    const counts = new Int32Array(new SharedArrayBuffer(4));
    const outcomes: string[] = [];
    const all = new EventEmitter();
    const ended = once(all, 'done');
    const { port } = await start({
      fetch: async (request, _ip, whenAnswered) => {
        await request.text();
        const had = outcomes.length;
        whenAnswered(() => {
          // This thread stands still until the other one has its answer: nothing is sent meanwhile.
          outcomes.push(Atomics.wait(counts, 0, had, 20_000) === 'timed-out' ? 'not sent' : 'sent');
          if (outcomes.length === posts) all.emit('done');
        });
        return new Response('[done]', { headers: { 'content-type': 'application/json' } });
      },
    });
    const client = new Worker(POSTING_CLIENT, {
      eval: true,
      workerData: { port, posts, counts: counts.buffer },
    });
    await ended;
    await client.terminate();
    expect(outcomes.filter((outcome) => outcome !== 'sent')).toEqual([]);
  });

  test('is done all the same when the client has gone', async () => {
    const told = new EventEmitter();
    const [reached, done] = [once(told, 'reached'), once(told, 'done')];
    let answer: () => void = () => {};
    const late = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const { port } = await start({
      fetch: async (_request, _ip, whenAnswered) => {
        whenAnswered(() => told.emit('done'));
        told.emit('reached');
        await late;
        return new Response('{}', { headers: { 'content-type': 'application/json' } });
      },
    });
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}');
    await reached;
    socket.resetAndDestroy();
    answer();
    await done;
  });
});

describe('an upgrade that is offered and is no WebSocket is let be', () => {
  const offers: [offer: string, ...lines: string[]][] = [
    // What curl --http2 and the client of Java send, the latter with a body too.
    [
      'h2c',
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA',
    ],
    ['TLS', 'Connection: upgrade', 'Upgrade: TLS/1.2, HTTP/1.1'],
    ['several', 'Connection: keep-alive, Upgrade', 'Upgrade: h2c, websocket'],
    ['nothing', 'Connection: Upgrade', 'Upgrade:'],
  ];
  const bodies: [what: string, method: string, lines: string[], body: string, read: string][] = [
    ['no body', 'GET', [], '', ''],
    ['no body, of a POST', 'POST', ['Content-Length: 0'], '', ''],
    ['a body', 'POST', ['Content-Length: 5'], 'hello', 'hello'],
    ['a body in chunks', 'PUT', ['Transfer-Encoding: chunked'], '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n', 'hello'],
  ];

  test.each(
    offers.flatMap(([offer, ...lines]) =>
      bodies.map(([what, ...rest]) => [offer, what, lines, ...rest] as const),
    ),
  )('%s, with %s', async (_offer, _what, offered, method, lines, body, read) => {
    const upgrades: string[] = [];
    const listener = await start({
      fetch: async (request) => new Response(`<${request.method} ${await request.text()}>`),
      upgrade: ({ pathname }) => {
        upgrades.push(pathname);
        return undefined;
      },
    });
    const text = [`${method} /a HTTP/1.1`, 'Host: x', ...offered, ...lines, '', body].join('\r\n');
    // However it comes in pieces. On Bun the connection ends with the answer.
    for (const pieces of [[text], [text.slice(0, 40), text.slice(40)], [...text]]) {
      const socket = connect(listener.port, '127.0.0.1');
      open.push({ close: () => socket.destroy() });
      const answered = textUntil(socket, '>');
      for (const piece of pieces) socket.write(piece);
      const answer = await answered;
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer).toContain(`<${method} ${read}>`);
    }
    expect(upgrades).toEqual([]);
  });
});

describe('a connection is ended that keeps the listener waiting', () => {
  const patience = { headersMs: 500, idleMs: 500 };
  const head = (method: string): string => `${method} / HTTP/1.1\r\nHost: x\r\n`;
  const half = `${head('POST')}Content-Length: 1000\r\n\r\nabc`;

  const cases: [what: string, text: string, more: string][] = [
    ['anything at all', '', ''],
    ['the rest of a head', head('GET'), ''],
    ['the rest of a head, bit by bit', head('GET'), 'X-A: b\r\n'],
    ['the rest of a handshake', `${head('GET')}Upgrade: websocket\r\nConnection: Upgrade\r\n`, ''],
    ['the next request', `${head('GET')}\r\n`, ''],
    ['the rest of a body that nobody reads', half, ''],
    ['the rest of a body that nobody reads, bit by bit', half, 'x'],
  ];

  // At once: Bun has a limit for heads of its own, which is 10 s, and counts the other in steps of four seconds.
  test('for what does not come', async () => {
    const json = { headers: { 'content-type': 'application/json' } };
    const listener = await start({ patience, fetch: async () => new Response('{}', json) });
    const waiting = new Set(cases.map(([what]) => what));
    for (const [what, text, more] of cases) {
      const socket = connect(listener.port, '127.0.0.1');
      open.push({ close: () => socket.destroy() });
      socket.on('error', () => {});
      socket.write(text);
      const timer = setInterval(() => socket.write(more), 100);
      void ended(socket).then(() => {
        clearInterval(timer);
        waiting.delete(what);
      });
    }
    await expect.poll(() => [...waiting]).toEqual([]);
  });

  test('but not for an answer that takes longer, or is a stream that is silent, or a body that is read', async () => {
    const events = new EventEmitter();
    const enough = once(events, 'enough');
    const listener = await start({
      patience,
      fetch: async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === '/late') await enough;
        if (pathname === '/body') return new Response(await request.text());
        const body = new ReadableStream({
          async start(it) {
            it.enqueue(new TextEncoder().encode('a'));
            await enough;
            it.enqueue(new TextEncoder().encode('b'));
            it.close();
          },
        });
        return pathname === '/stream' ? new Response(body) : new Response('late');
      },
    });
    const url = `http://127.0.0.1:${listener.port}`;
    const body = connect(listener.port, '127.0.0.1');
    body.write(`POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo`);
    const answers = ['/late', '/stream'].map(async (path) => (await fetch(url + path)).text());
    // One that is ended: so much time has passed.
    const other = connect(listener.port, '127.0.0.1');
    other.on('error', () => {});
    await ended(other);
    events.emit('enough');
    const read = nextBytes(body);
    body.write('dy');
    expect(await Promise.all(answers)).toEqual(['late', 'ab']);
    expect(String(await read)).toContain('HTTP/1.1 200 ');
    body.destroy();
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

  test('refuses with the status that upgrade() gives', async () => {
    const listener = await start({ upgrade: () => 503 });
    expect((await dialRaw(listener)).status).toBe('503');
  });

  test('is done with whom it refuses, though they do not hang up', async () => {
    const listener = await start({ upgrade: () => undefined });
    for (const more of ['', 'what does not belong to a handshake']) {
      const socket = connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
      open.push({ close: () => socket.destroy() });
      socket.on('error', () => {});
      const lines = ['GET / HTTP/1.1', 'Host: x', 'Upgrade: websocket', 'Connection: Upgrade'];
      const keys = ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'];
      socket.write([...lines, ...keys, '', more].join('\r\n'));
      await once(socket.resume(), 'end');
      // Where nobody is at the other end any more, what is sent is answered with a reset.
      await expect.poll(() => socket.destroyed || !socket.write('x')).toBe(true);
    }
  });

  test('takes from a peer what it takes at the moment, and closes with 1009 for more', async () => {
    const delivered: number[] = [];
    const ended = new EventEmitter();
    const gone = once(ended, 'gone');
    let maxMessageBytes: number | undefined = 1_000;
    const listener = await start({
      upgrade: () => (peer) => ({
        get maxMessageBytes() {
          return maxMessageBytes;
        },
        message: (data) => {
          delivered.push(data.length);
          peer.send('heard');
        },
        closed: () => ended.emit('gone'),
      }),
    });
    const socket = await dial(listener);
    const say = async (text: string): Promise<unknown> => {
      const answer = nextMessage(socket);
      socket.send(text);
      return answer;
    };
    await say('x'.repeat(1_000));
    maxMessageBytes = undefined;
    await say('x'.repeat(1_000_000));
    maxMessageBytes = 1_000;
    const end = closeOf(socket);
    socket.send('ä'.repeat(501));
    socket.send('x');
    expect(await end).toEqual({ code: 1009, reason: TOO_LARGE_REASON });
    await gone;
    expect(delivered).toEqual([1_000, 1_000_000]);
  });

  test('closes a peer that may not send so much with 1009, however it sends it', async () => {
    const listener = await start({
      upgrade: () => () => ({ maxMessageBytes: 1_000, message() {}, closed() {} }),
    });
    for (const [opcode, times] of [
      // In one frame, and in fragments of which the first is a text.
      [0x81, 1],
      [0x01, 300],
    ] as const) {
      const { socket } = await dialRaw(listener);
      const heard = nextBytes(socket);
      const part = Buffer.alloc(Math.ceil(1_000_000 / times), 'x');
      for (let at = 0; at < times; at++) {
        const isLast = at === times - 1;
        socket.write(frameOf(at === 0 ? opcode : isLast ? 0x80 : 0, part));
      }
      expect(closeIn(await heard)).toEqual({ code: 1009, reason: TOO_LARGE_REASON });
      socket.destroy();
    }
  });

  // Bun has one limit for all sockets, and reads a message as far as that.
  test.skipIf(detectRuntime() === 'bun')('does not wait for the rest of what is too large', async () => {
    const peers = new EventEmitter();
    const listener = await start({
      upgrade: () => () => ({
        maxMessageBytes: 1_000,
        message: () => peers.emit('message'),
        closed: () => peers.emit('gone'),
      }),
    });
    const { socket } = await dialRaw(listener);
    const gone = once(peers, 'gone');
    const heard = nextBytes(socket);
    const whole = frameOf(0x81, Buffer.alloc(60_000_000));
    socket.write(whole.subarray(0, 1_000_000));
    expect(closeIn(await heard)).toEqual({ code: 1009, reason: TOO_LARGE_REASON });
    socket.end();
    await gone;
  });

  test('delivers nothing of a peer that it was told to close', async () => {
    const heard: unknown[] = [];
    const ends = new EventEmitter();
    const gone = once(ends, 'gone');
    const listener = await start({
      upgrade: () => (peer) => ({
        message(data) {
          heard.push(data);
          peer.close(4_002, 'enough');
        },
        closed: () => ends.emit('gone'),
      }),
    });
    const socket = await dial(listener);
    for (const text of ['a', 'b', 'c']) socket.send(text);
    await gone;
    expect(heard).toEqual(['a']);
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

test.runIf(detectRuntime() === 'deno')('Deno has to allow that ws looks at the environment', async () => {
  const query = vi.spyOn(denoGlobal().permissions, 'querySync').mockReturnValue({ state: 'prompt' });
  const error: unknown = await start().catch((thrown) => thrown);
  query.mockRestore();
  expect(isInstantNodeError(error, 'backend')).toBe(true);
  expect(String((error as { hint?: string }).hint)).toContain('--allow-env');
});
