import * as isows from 'isows';
import { describe, expect, test } from 'vitest';
import { inbox } from '../../../conformance/support/inbox.ts';
import { listen, type Peer } from '../../../conformance/support/socket-server.ts';
import { detectRuntime } from '../../runtime/detect.ts';
import type { Socket, SocketDriver, WebSocketClass } from '../contract.ts';
import { nativeSocketDriver, standardSocketDriver } from './native.ts';
import { wsDriver } from './ws.ts';

/** The least that a class of a user's may have: it can neither be dropped nor say how much it holds. */
class LeastSocket {
  static readonly #Class = globalThis.WebSocket ?? isows.WebSocket;
  readonly #socket: WebSocket;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: ((event: object) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  constructor(url: string) {
    this.#socket = new LeastSocket.#Class(url);
    this.#socket.onopen = () => this.onopen?.();
    this.#socket.onmessage = (event) => this.onmessage?.(event);
    this.#socket.onerror = (event) => this.onerror?.(event);
    this.#socket.onclose = (event) => this.onclose?.(event);
  }

  get readyState(): number {
    return this.#socket.readyState;
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  close(): void {
    this.#socket.close();
  }
}

/** The drivers, and whether a peer sees at once that a socket was dropped. */
const drivers: [string, SocketDriver, boolean, 'drops' | 'forgets'][] = [
  ['ws', wsDriver, true, 'drops'],
  ['ws, let go', wsDriver, false, 'drops'],
  ['native', nativeSocketDriver(), true, detectRuntime() === 'bun' ? 'drops' : 'forgets'],
  ['a class', standardSocketDriver('class', LeastSocket as WebSocketClass), true, 'forgets'],
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

describe.each(drivers)('%s', (_, driver, hold, ending) => {
  const goneIfDropped = async ({ gone, destroy }: Peer): Promise<void> => {
    if (ending === 'forgets') destroy();
    await gone;
  };

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
    // Others than `ws` and Bun's wait for the end of the connection, which only this peer's owner brings about.
    if (ending === 'forgets') peer.destroy();
    await events.next(([name]) => name === 'close');
    await peer.gone;
    expect(told()).toEqual(['close']);
  });

  test('after terminate() nothing is told but the end, and the peer need not agree', async () => {
    const { socket, peer, events, told } = await opened(driver, hold);
    peer.send('"late"');
    socket.terminate();
    await events.next(([name]) => name === 'close');
    await goneIfDropped(peer);
    expect(told()).toEqual(['close']);
  });

  test('terminate() ends a close() that the peer does not answer', async () => {
    const { socket, peer, events, told } = await opened(driver, hold);
    socket.close();
    socket.terminate();
    await events.next(([name]) => name === 'close');
    await goneIfDropped(peer);
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
