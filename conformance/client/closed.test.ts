import { expect, test } from 'vitest';
import { fakeInstant } from '../support/fake-instant.ts';
import { methodsOf } from '../support/methods.ts';
import { open } from '../support/open.ts';

type Methods = Record<string, (...args: unknown[]) => unknown>;

/** What may be called on a closed database: the first two close it, the others only read. */
const ALLOWED = [
  'close',
  'shutdown',
  'Symbol(Symbol.asyncDispose)',
  'pendingTransactions',
  'stats',
  'issuerURI',
  'toJSON',
];
/** What stands for the arguments of a method where none at all would be refused for another reason. */
const ARGUMENTS: Record<string, unknown[]> = {
  subscribeInfiniteQuery: [{ goals: { $: { limit: 1 } } }, () => {}],
  createAuthorizationURL: [{ clientName: 'c', redirectURL: 'http://127.0.0.1' }],
};

/** Methods that core builds on another one, which then refuses. */
const BUILT_ON: Record<string, string> = { subscribeInfiniteQuery: 'subscribeQuery', put: 'upload' };

async function outcome(call: () => unknown): Promise<unknown> {
  try {
    return { resolved: await call() };
  } catch (error) {
    return error;
  }
}

test('each method of a closed database and its parts rejects or throws with code "closed"', async () => {
  const { address } = await fakeInstant();
  const db = open(address);
  await db.ready();
  const room = db.joinRoom('chat', 'lobby');
  await db.close();

  const parts = { db, 'db.auth': db.auth, 'db.storage': db.storage, 'db.streams': db.streams, room };
  let count = 0;
  for (const [part, value] of Object.entries(parts)) {
    const methods = value as unknown as Methods;
    for (const name of methodsOf(value)) {
      // Leaving a room, as unsubscribing, is letting go of what is gone anyway.
      if (ALLOWED.includes(name) || name === 'leaveRoom' || (part === 'db' && name === 'tx')) continue;
      const given = ARGUMENTS[name] ?? [{}, {}, {}];
      const result = await outcome(() => methods[name]?.(...given));
      expect(result, `${part}.${name}()`).toMatchObject({ name: 'InstantNodeError', code: 'closed' });
      expect((result as Error).message).toContain(`Cannot call ${BUILT_ON[name] ?? name}()`);
      count++;
    }
  }
  expect(count).toBeGreaterThan(30);
});

test('what lets go of something, and what only reads, still works on a closed database', async () => {
  const { address } = await fakeInstant();
  const db = open(address);
  await db.ready();
  const room = db.joinRoom('chat', 'lobby');
  const letGo = [
    db.subscribeQuery({ goals: {} }, () => {}),
    db.subscribeAuth(() => {}),
    db.subscribeConnectionStatus(() => {}),
    db.subscribeAppStatus(() => {}),
    db.subscribeTransactionErrors(() => {}),
    db.subscribeErrors(() => {}),
    room.subscribePresence({}, () => {}),
    room.subscribeTopic('wave', () => {}),
    room.leaveRoom,
  ];
  await db.close();
  for (const call of letGo) expect(call).not.toThrow();
  expect(db.pendingTransactions()).toEqual([]);
  expect(db.stats()).toMatchObject({ status: 'closed', queries: 0, rooms: 0 });
  expect(db.auth.issuerURI()).toContain(address.appId);
});
