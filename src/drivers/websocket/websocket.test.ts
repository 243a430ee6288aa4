import { describe, expect, test } from 'vitest';
import { inbox } from '../../../conformance/support/inbox.ts';
import { listen, type Peer } from '../../../conformance/support/socket-server.ts';
import { detectRuntime } from '../../runtime/detect.ts';
import type { Socket, SocketDriver } from '../contract.ts';
import { nativeSocketDriver } from './native.ts';
import { wsDriver } from './ws.ts';

/** What this runtime's entry may choose. */
const drivers: [string, SocketDriver, boolean][] = [
  ['ws', wsDriver, true],
  ['ws, let go', wsDriver, false],
  ...(detectRuntime() === 'bun'
    ? [['native', nativeSocketDriver, true] as [string, SocketDriver, boolean]]
    : []),
];

type Event = [name: 'open'] | ['message', string] | ['error', unknown] | ['close', number, string];

async function opened(driver: SocketDriver, hold: boolean, answersClose = false) {
  const server = await listen({ answersClose });
  const events = inbox<Event>();
  const socket: Socket = driver.open(
    server.websocketURI,
    {
      open: () => events.push(['open']),
      message: (text) => events.push(['message', text]),
      error: (cause) => events.push(['error', cause]),
      close: (code, reason) => events.push(['close', code, reason]),
    },
    { hold },
  );
  const peer: Peer = await server.peers.next();
  await events.next(([name]) => name === 'open');
  return { server, socket, peer, events, told: () => events.all.slice(1).map(([name]) => name) };
}

describe.each(drivers)('%s', (_, driver, hold) => {
  test('a message is told, and the end by the peer once', async () => {
    const { peer, events, told } = await opened(driver, hold, true);
    peer.send('"hello"');
    expect(await events.next()).toEqual(['message', '"hello"']);
    peer.close();
    await events.next(([name]) => name === 'close');
    await peer.gone;
    expect(told()).toEqual(['message', 'close']);
  });

  test('after close() nothing is told but the end, whatever the peer still sends', async () => {
    const { socket, peer, events, told } = await opened(driver, hold);
    socket.close();
    for (let count = 0; count < 20; count++) peer.send(`"late ${count}"`);
    peer.close();
    await events.next(([name]) => name === 'close');
    await peer.gone;
    expect(told()).toEqual(['close']);
  });

  test('after terminate() nothing is told but the end, and the peer need not agree', async () => {
    const { socket, peer, events, told } = await opened(driver, hold);
    peer.send('"late"');
    socket.terminate();
    await events.next(([name]) => name === 'close');
    await peer.gone;
    expect(told()).toEqual(['close']);
  });

  test('terminate() ends a close() that the peer does not answer', async () => {
    const { socket, peer, events, told } = await opened(driver, hold);
    socket.close();
    socket.terminate();
    await events.next(([name]) => name === 'close');
    await peer.gone;
    expect(told()).toEqual(['close']);
  });

  test('close() during the handshake tells the end alone', async () => {
    const server = await listen({ handshake: () => 'ignore' });
    const events = inbox<Event>();
    const push =
      (name: Event[0]) =>
      (...args: unknown[]) =>
        events.push([name, ...args] as Event);
    const socket = driver.open(
      server.websocketURI,
      { open: push('open'), message: push('message'), error: push('error'), close: push('close') },
      { hold },
    );
    expect(socket.isConnecting()).toBe(true);
    socket.close();
    socket.terminate();
    await events.next();
    expect(events.all.map(([name]) => name)).toEqual(['close']);
  });

  test('send() throws once the socket is closed', async () => {
    const { socket, events } = await opened(driver, hold, true);
    socket.close();
    await events.next(([name]) => name === 'close');
    expect(socket.isOpen()).toBe(false);
    expect(() => socket.send('{}')).toThrow(Error);
  });
});
