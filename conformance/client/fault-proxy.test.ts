import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { dropSessions, resetBeforeAnswer, twice } from '../support/fault-proxy/rule.ts';
import type { FaultProxy } from '../support/fault-proxy/start-fault-proxy.ts';
import { faultProxy } from '../support/fault-proxy.ts';
import { type Inbox, inbox } from '../support/inbox.ts';
import { RawPeer } from '../support/raw-peer.ts';
import { listen } from '../support/socket-server.ts';

interface End {
  readonly socket: Socket;
  readonly chunks: Inbox<string>;
  /** All that has arrived. */
  text(): string;
  /** Resolves once that much of it has. */
  has(length: number): Promise<string>;
  /** How it ended: by itself, or by a reset. */
  readonly ended: Promise<'end' | 'close'>;
}

function endOf(socket: Socket): End {
  const chunks = inbox<string>();
  const text = (): string => chunks.all.join('');
  socket.on('error', () => {});
  socket.setEncoding('latin1').on('data', chunks.push as never);
  const ended = new Promise<'end' | 'close'>((resolve) => {
    socket.once('end', () => resolve('end'));
    socket.once('close', () => resolve('close'));
  });
  return {
    socket,
    chunks,
    text,
    ended,
    has: async (length) => {
      await chunks.first(() => text().length >= length);
      return text();
    },
  };
}

/** A plain server behind a proxy, and both ends of a connection through it. */
async function connected(): Promise<{
  proxy: FaultProxy;
  client: End;
  server: End;
  dial(): End;
  accepted: Inbox<End>;
}> {
  const accepted = inbox<End>();
  const server = createServer({ allowHalfOpen: true }, (socket) => accepted.push(endOf(socket)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy = await faultProxy({
    port,
    url: `http://127.0.0.1:${port}`,
    websocketURI: `ws://127.0.0.1:${port}`,
  });
  const dial = (): End => {
    const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
    onTestFinished(() => void socket.destroy());
    return endOf(socket);
  };
  const client = dial();
  const other = await accepted.next();
  onTestFinished(() => {
    server.close();
    for (const { socket } of accepted.all) socket.destroy();
  });
  return { proxy, client, server: other, dial, accepted };
}

describe('bytes', () => {
  test('pass as they are, with the end of each direction by itself', async () => {
    const { proxy, client, server } = await connected();
    client.socket.end('question');
    expect(await server.has(8)).toBe('question');
    expect(await server.ended).toBe('end');
    server.socket.end('answer');
    expect(await client.has(6)).toBe('answer');
    expect(await client.ended).toBe('end');
    await (await proxy.links.first()).closed();
    expect(proxy.counts).toEqual({ up: { bytes: 8, frames: 0 }, down: { bytes: 6, frames: 0 } });
    expect(proxy.openLinks()).toEqual([]);
  });

  test('of a direction that is partitioned arrive when it heals, and those of the other before', async () => {
    const { proxy, client, server } = await connected();
    proxy.partition('up');
    client.socket.write('held');
    client.socket.end();
    server.socket.write('passes');
    expect(await client.has(6)).toBe('passes');
    expect(server.text()).toBe('');
    proxy.heal();
    expect(await server.has(4)).toBe('held');
    expect(await server.ended).toBe('end');
  });

  test('arrive late, never earlier than that', async () => {
    const { proxy, client, server } = await connected();
    proxy.set('up', { latencyMs: 50 });
    const started = performance.now();
    client.socket.write('one');
    client.socket.end('two');
    expect(await server.has(6)).toBe('onetwo');
    // A little less, for clocks that are rounded.
    expect(performance.now() - started).toBeGreaterThan(48);
    expect(await server.ended).toBe('end');
  });

  test('arrive one at a time, all of them', async () => {
    const { proxy, client, server } = await connected();
    proxy.set('up', { chunkBytes: 1 });
    client.socket.write('0123456789'.repeat(20));
    expect(await server.has(200)).toBe('0123456789'.repeat(20));
    expect(server.chunks.all.length).toBeGreaterThan(20);
  });

  test('arrive so many a second, and the sender has to wait', async () => {
    const { proxy, client, server } = await connected();
    proxy.set('up', { bytesPerSecond: 1_000 });
    const started = Date.now();
    client.socket.write('x'.repeat(300));
    await server.has(300);
    // Never faster, whatever the machine does.
    expect(Date.now() - started).toBeGreaterThanOrEqual(150);
    const link = await proxy.links.first();
    const before = link.counts('up').bytes;
    client.socket.write('x'.repeat(50_000_000));
    expect(client.socket.writableLength).toBeGreaterThan(0);
    await link.passed('up', { bytes: before + 10 });
    expect(client.socket.writableLength).toBeGreaterThan(0);
    proxy.heal();
    await link.passed('up', { bytes: 50_000_000 });
  });
});

describe('a connection', () => {
  test('that is reset is gone for both sides', async () => {
    const { proxy, client, server } = await connected();
    client.socket.write('x');
    await server.has(1);
    proxy.reset();
    await Promise.all([client.ended, server.ended]);
    await (await proxy.links.first()).closed();
    expect(proxy.openLinks()).toEqual([]);
  });

  test.each(['client', 'server'] as const)(
    'whose %s has vanished is open for the other until it heals',
    async (side) => {
      const { proxy, client, server } = await connected();
      client.socket.write('x');
      await server.has(1);
      proxy.vanish(side);
      const [gone, other] = side === 'client' ? [client, server] : [server, client];
      await gone.ended;
      other.socket.write('is anybody there?');
      expect(other.socket.destroyed).toBe(false);
      expect((await proxy.links.first()).isOpen).toBe(true);
      proxy.heal();
      await other.ended;
      expect(gone.text() === '' || gone.text() === 'x').toBe(true);
    },
  );

  test('is refused, reset, or taken in silence, and then let in again', async () => {
    const { proxy, dial, accepted } = await connected();
    await proxy.refuse();
    const refused = dial();
    const [error] = await once(refused.socket, 'error').catch((cause) => [cause]);
    expect(String(error)).toMatch(/refused|ECONNREFUSED/i);
    await proxy.admit();
    proxy.door = 'reset';
    await dial().ended;
    proxy.door = 'silent';
    const silent = dial();
    silent.socket.write('x');
    await proxy.links.first((link) => link !== proxy.links.all[0]);
    proxy.heal();
    await silent.ended;
    const heard = dial();
    heard.socket.write('x');
    expect(await (await accepted.next()).has(1)).toBe('x');
    expect(accepted.all).toHaveLength(2);
  });
});

describe('messages of a WebSocket', () => {
  async function session() {
    const server = await listen();
    const proxy = await faultProxy({
      port: server.port,
      url: server.apiURI,
      websocketURI: server.websocketURI,
    });
    return { server, proxy };
  }
  const say = (op: string, eventId: string): string => JSON.stringify({ op, 'client-event-id': eventId });

  test('are counted, and arrive twice where a rule says so', async () => {
    const { server, proxy } = await session();
    proxy.rule = twice('transact');
    const client = await RawPeer.dial(proxy.websocketURI);
    const peer = await server.peers.next();
    client.send(say('init', '1'));
    client.send(say('transact', '2'));
    client.send(say('last', '3'));
    await peer.messages.first(({ op }) => op === 'last');
    expect(peer.messages.all.map(({ op }) => op)).toEqual(['init', 'transact', 'transact', 'last']);
    const link = await proxy.links.first();
    expect([link.isWebSocket, link.counts('up').frames]).toEqual([true, 4]);
    peer.send({ op: 'answer' });
    expect(await client.message()).toEqual({ op: 'answer' });
    await link.passed('down', { frames: 1 });
    await client.drop();
  });

  test('are seen when they come in parts, and pass by when they are long', async () => {
    const { server, proxy } = await session();
    const seen: string[] = [];
    proxy.rule = ({ text }) => {
      seen.push(text.slice(0, 40));
      return 'pass';
    };
    proxy.set('both', { chunkBytes: 7 });
    const client = await RawPeer.dial(proxy.websocketURI);
    const peer = await server.peers.next();
    client.send(say('init', '1'));
    await peer.messages.first(({ op }) => op === 'init');
    proxy.heal();
    proxy.rule = ({ text }) => {
      seen.push(text.slice(0, 40));
      return 'pass';
    };
    client.send(JSON.stringify({ op: 'long', text: 'x'.repeat(300_000) }));
    client.send(say('last', '2'));
    await peer.messages.first(({ op }) => op === 'last');
    expect(peer.messages.all.map(({ op }) => op)).toEqual(['init', 'long', 'last']);
    expect(seen).toEqual([say('init', '1'), say('last', '2')]);
    await client.drop();
  });

  test('are answered with a reset, once the server has them', async () => {
    const { server, proxy } = await session();
    proxy.rule = resetBeforeAnswer('transact');
    const client = await RawPeer.dial(proxy.websocketURI);
    const peer = await server.peers.next();
    client.send(say('transact', '7'));
    await peer.messages.first(({ op }) => op === 'transact');
    peer.send({ op: 'refresh-ok' });
    expect(await client.message()).toEqual({ op: 'refresh-ok' });
    peer.send({ op: 'transact-ok', 'client-event-id': '7' });
    await peer.gone;
    await (await proxy.links.first()).closed();
    await client.drop();
  });

  test('end a session that was just accepted', async () => {
    const { server, proxy } = await session();
    proxy.rule = dropSessions;
    const client = await RawPeer.dial(proxy.websocketURI);
    const peer = await server.peers.next();
    peer.send({ op: 'init-ok' });
    expect(await client.message()).toEqual({ op: 'init-ok' });
    await peer.gone;
    await client.drop();
  });

  test('come to nothing after the handshake at a door that is mute', async () => {
    const { server, proxy } = await session();
    proxy.door = 'mute';
    const client = await RawPeer.dial(proxy.websocketURI);
    expect(client.status).toBe(101);
    const peer = await server.peers.next();
    client.send(say('init', '1'));
    await peer.messages.first();
    peer.send({ op: 'init-ok' });
    const link = await proxy.links.first();
    expect(link.counts('down').frames).toBe(0);
    proxy.heal();
    expect(await client.message()).toEqual({ op: 'init-ok' });
    await client.drop();
  });
});
