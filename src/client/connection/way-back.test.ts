import { expect, test } from 'vitest';
import { HandClock } from '../timing/hand-clock.fixture.ts';
import type { SocketConnection } from './socket-connection.ts';
import { WayBack } from './way-back.ts';

const RETRY_MS = 300_000;

/** A way back of which everything is done by hand. */
function made(webSocketRetryMs = RETRY_MS) {
  const clock = new HandClock();
  const told: string[] = [];
  const sockets: { isOpen: boolean; opens(): void; ends(): void }[] = [];
  const asked: { op: string }[] = [];
  const busy = { write: false, post: false };
  const wayBack: WayBack = new WayBack({
    ...{ clock, webSocketRetryMs },
    connectTimeoutMs: 10_000,
    openBeside({ opened, ended }) {
      const socket = {
        isOpen: false,
        opens() {
          socket.isOpen = true;
          opened();
        },
        ends() {
          socket.isOpen = false;
          ended();
        },
      };
      sockets.push(socket);
      const connection = {
        isOpen: () => socket.isOpen,
        terminate() {
          told.push('drop');
          socket.ends();
        },
      };
      return connection as unknown as SocketConnection;
    },
    isWriteUnanswered: () => busy.write,
    isPosting: () => busy.post,
    send: (message, eventId) => asked.push({ ...message, ...{ 'client-event-id': eventId } }),
    resume: () => told.push(`resume, holding: ${wayBack.isHolding}`),
    letThrough: () => told.push('let through'),
    move: () => told.push(`move, holding: ${wayBack.isHolding}`),
  });
  return {
    ...{ wayBack, clock, told, sockets, busy },
    answers: () => wayBack.received({ ...asked.at(-1), op: 'remove-query-ok' }),
  };
}

/** One whose WebSocket has opened. */
function pausing() {
  const it = made();
  it.wayBack.accepted('sse');
  it.clock.pass(RETRY_MS);
  expect(it.wayBack.isHolding).toBe(false);
  it.sockets[0]?.opens();
  expect(it.wayBack.isHolding).toBe(true);
  return it;
}

test('a session over a WebSocket has nowhere to go back to', () => {
  const { wayBack, clock } = made();
  wayBack.accepted('websocket');
  expect(clock.timers).toBe(0);
});

test('of a session over an event stream, a WebSocket is tried when it is time, and again after that', () => {
  const { wayBack, clock, sockets, told } = made();
  wayBack.accepted('sse');
  clock.pass(RETRY_MS - 1);
  expect(sockets).toHaveLength(0);
  clock.pass(1);
  sockets[0]?.ends();
  clock.pass(RETRY_MS - 1);
  expect(sockets).toHaveLength(1);
  clock.pass(1);
  expect(sockets).toHaveLength(2);
  expect(told.filter((what) => what !== 'drop')).toEqual([]);
});

test('one that does not open in time is dropped, and is no try more', () => {
  const { wayBack, clock, sockets, told } = made();
  wayBack.accepted('sse');
  clock.pass(RETRY_MS + 10_000);
  expect(told).toEqual(['drop']);
  expect(clock.timers).toBe(1);
  clock.pass(RETRY_MS);
  expect(sockets).toHaveLength(2);
});

test('the session moves once the server has answered everything', () => {
  const { wayBack, clock, told, busy, answers } = pausing();
  busy.write = true;
  answers();
  clock.pass(100);
  expect([told, wayBack.take()]).toEqual([[], undefined]);
  busy.write = false;
  clock.pass(10);
  expect(told).toEqual(['move, holding: true']);
  expect(wayBack.take()).toBeDefined();
  wayBack.accepted('websocket');
  expect([wayBack.isHolding, wayBack.take(), clock.timers]).toEqual([false, undefined, 0]);
});

test('it does not move before its question was answered', () => {
  const { wayBack, clock, told, answers } = pausing();
  wayBack.received({ op: 'remove-query-ok', 'client-event-id': 'of something else' });
  clock.pass(100);
  expect(told).toEqual([]);
  answers();
  clock.pass(10);
  expect(told).toEqual(['move, holding: true']);
});

test('posts that never end hold it up for a second', () => {
  const { clock, told, busy, answers } = pausing();
  busy.post = true;
  answers();
  clock.pass(990);
  expect(told).toEqual([]);
  clock.pass(20);
  expect(told).toEqual(['move, holding: true']);
});

test('a session with too much to do stays, and is tried again soon', () => {
  const { wayBack, clock, told, busy, sockets, answers } = pausing();
  busy.write = true;
  answers();
  clock.pass(5_000);
  expect(told).toEqual(['drop', 'resume, holding: false']);
  clock.pass(10_000);
  expect(sockets).toHaveLength(2);
  expect(wayBack.isHolding).toBe(false);
});

test('a WebSocket that ends while the session finishes leaves it as it is', () => {
  const { clock, told, sockets } = pausing();
  sockets[0]?.ends();
  expect(told).toEqual(['drop', 'resume, holding: false']);
  expect(clock.timers).toBe(1);
});

test('when the event stream ends while the session finishes, a WebSocket is next', () => {
  const { wayBack, clock, told } = pausing();
  wayBack.stop();
  expect(told).toEqual(['drop', 'let through']);
  expect([wayBack.isHolding, clock.timers]).toEqual([false, 0]);
});

test('a WebSocket that has ended before the session could move is not taken', () => {
  const { wayBack, clock, sockets, answers } = pausing();
  answers();
  clock.pass(10);
  sockets[0]?.ends();
  expect(wayBack.take()).toBeUndefined();
});

test('when sessions over WebSockets come to nothing, they are tried more and more rarely', () => {
  const { wayBack, clock, sockets, answers } = made();
  const waits: number[] = [];
  for (let round = 0; round < 6; round++) {
    wayBack.accepted('sse');
    const from = clock.now();
    while (sockets.length === round) clock.pass(RETRY_MS);
    waits.push((clock.now() - from) / RETRY_MS);
    sockets.at(-1)?.opens();
    answers();
    clock.pass(10);
    // The session over it is not accepted.
    wayBack.stop();
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 16]);
  wayBack.accepted('websocket');
  wayBack.accepted('sse');
  clock.pass(RETRY_MS);
  expect(sockets).toHaveLength(7);
});

test('closing leaves no timer and no WebSocket', () => {
  const { wayBack, clock, told } = made();
  wayBack.accepted('sse');
  clock.pass(RETRY_MS);
  wayBack.stop();
  expect([told, clock.timers]).toEqual([['drop'], 0]);
});
