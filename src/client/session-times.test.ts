import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Socket, SocketDriver, SocketEvents } from '../drivers/contract.ts';
import { networkKinds } from '../drivers/network/index.ts';
import { storageKinds } from '../drivers/storage/kinds/index.ts';
import { bindInit } from './init.ts';

// The timers of a database are Node's own, which fake timers do not reach.
vi.mock('node:timers', () => ({
  setTimeout: (...args: Parameters<typeof setTimeout>) => setTimeout(...args),
  clearTimeout: (timer: NodeJS.Timeout) => clearTimeout(timer),
  setInterval: (...args: Parameters<typeof setInterval>) => setInterval(...args),
  clearInterval: (timer: NodeJS.Timeout) => clearInterval(timer),
  setImmediate: (...args: Parameters<typeof setImmediate>) => setImmediate(...args),
}));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A server in this process that answers `init` with what `answer` returns, and counts how often it was asked. */
function serverOf(
  answer: () => object,
  answersProbes: () => boolean = () => true,
): { driver: SocketDriver; asked(): number; writes: unknown[] } {
  let asked = 0;
  const writes: unknown[] = [];
  const open = (events: SocketEvents): Socket => {
    let isOpen = false;
    setTimeout(() => {
      isOpen = true;
      events.open();
    });
    const end = (): void => {
      isOpen = false;
      events.close(1000, '');
    };
    return {
      isOpen: () => isOpen,
      isConnecting: () => false,
      bufferedBytes: () => 0,
      receivedBytes: () => undefined,
      send(text) {
        const message = JSON.parse(text);
        if (message.op === 'transact') writes.push(message['client-event-id']);
        if (message.op === 'remove-query' && answersProbes()) {
          events.message(JSON.stringify({ ...message, op: 'remove-query-ok' }));
        }
        if (message.op !== 'init') return;
        asked++;
        events.message(JSON.stringify({ ...answer(), 'original-event': { op: 'init' } }));
      },
      close: end,
      terminate: end,
    };
  };
  return { driver: { name: 'fake', open: (_url, events) => open(events) }, asked: () => asked, writes };
}

const refused = { op: 'error', status: 400, type: 'record-not-found', message: 'Record not found: app' };
const accepted = { op: 'init-ok', 'session-id': 's', attrs: [], 'processed-tx-id': 0 };

test('a session that the server refuses is asked for again every 30 seconds, until it is accepted', async () => {
  let answer: object = refused;
  const server = serverOf(() => answer);
  const init = bindInit({ socket: () => server.driver, storage: storageKinds, network: networkKinds });
  const db = init({ appId: '3b1f5ac9-9cc3-4bd5-b5f4-6c0d8a5c1c11', apiURI: 'http://127.0.0.1:1' });
  db.subscribeErrors(() => {});
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.asked()).toBe(1);
  await vi.advanceTimersByTimeAsync(28_000);
  expect(server.asked()).toBe(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(server.asked()).toBe(2);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(server.asked()).toBe(4);
  answer = accepted;
  await vi.advanceTimersByTimeAsync(30_000);
  expect(db.stats().status).toBe('authenticated');
  await vi.advanceTimersByTimeAsync(120_000);
  expect(server.asked()).toBe(5);
  db.shutdown();
});

test('a change of user waits five seconds for a session, and no longer', async () => {
  const server = serverOf(() => ({ op: 'nothing' }));
  const init = bindInit({ socket: () => server.driver, storage: storageKinds, network: networkKinds });
  const db = init({ appId: '3b1f5ac9-9cc3-4bd5-b5f4-6c0d8a5c1c12', apiURI: 'http://127.0.0.1:1' });
  vi.stubGlobal('fetch', async () => Response.json({ user: { id: 'u', refresh_token: 't' } }));
  let isSignedIn = false;
  void db.auth.signInWithToken('t').then(() => {
    isSignedIn = true;
  });
  await vi.advanceTimersByTimeAsync(4_900);
  expect(isSignedIn).toBe(false);
  await vi.advanceTimersByTimeAsync(300);
  expect(isSignedIn).toBe(true);
  vi.unstubAllGlobals();
  db.shutdown();
});

test('a write without an answer is not undone after six seconds: it is "enqueued", and waits', async () => {
  let answersProbes = true;
  const server = serverOf(
    () => accepted,
    () => answersProbes,
  );
  const init = bindInit({ socket: () => server.driver, storage: storageKinds, network: networkKinds });
  const db = init({ appId: '3b1f5ac9-9cc3-4bd5-b5f4-6c0d8a5c1c13', apiURI: 'http://127.0.0.1:1' });
  db.subscribeErrors(() => {});
  await vi.advanceTimersByTimeAsync(100);
  let outcome: unknown;
  const goal = db.tx.goals?.['c4a1c8a2-1f0b-4c55-9d21-8f5b1d0c2b77'];
  void db.transact(goal?.update({ title: 'x' }) ?? []).then((result) => {
    outcome = result;
  });
  await vi.advanceTimersByTimeAsync(5_900);
  expect(outcome).toBeUndefined();
  await vi.advanceTimersByTimeAsync(300);
  expect(outcome).toMatchObject({ status: 'enqueued' });
  expect(db.pendingTransactions()).toHaveLength(1);
  // The server answers the probe: it works on the write.
  await vi.advanceTimersByTimeAsync(100_000);
  expect(server.writes).toHaveLength(1);
  answersProbes = false;
  await vi.advanceTimersByTimeAsync(25_250);
  expect(db.connection).toMatchObject({ state: 'open', attempt: 0 });
  expect(db.connection.lastError?.message).toMatch(
    /^Renewing the connection: the server has shown no sign of life for 2\d(\.\d)? s$/,
  );
  const [first] = server.writes;
  expect(server.writes).toEqual([first, first]);
  db.shutdown();
});
