import { expect, test } from 'vitest';
import { fakeInstant } from '../support/fake-instant.ts';
import { methodsOf } from '../support/methods.ts';
import { open } from '../support/open.ts';

type Methods = Record<string, (...args: unknown[]) => unknown>;

/** Methods that take a callback: what stands before it. */
const TAKING: Record<string, unknown[]> = {
  subscribeQuery: [{ goals: {} }],
  subscribeInfiniteQuery: [{ goals: { $: { limit: 1 } } }],
  _syncTableExperimental: [{ goals: {} }],
  subscribeAuth: [],
  subscribeConnectionStatus: [],
  subscribeAppStatus: [],
  subscribeConnection: [],
  subscribeErrors: [],
  subscribeTransactionErrors: [],
  subscribePresence: [{}],
  subscribeTopic: ['wave'],
};

/** Methods that take none. One that is in neither list is new: look whether it takes one. */
const OTHERS = [
  ...[
    'close',
    'discardTransaction',
    'getAuth',
    'getLocalId',
    'joinRoom',
    'pendingTransactions',
    'queryOnce',
    'ready',
    'reconnect',
  ],
  ...['retryTransaction', 'shutdown', 'stats', 'toJSON', 'transact', 'tx', 'watch'],
  ...[
    'createAuthorizationURL',
    'exchangeCodeForToken',
    'exchangeOAuthCode',
    'issuerURI',
    'sendMagicCode',
    'signInAsGuest',
  ],
  ...['signInWithIdToken', 'signInWithMagicCode', 'signInWithToken', 'signOut', 'checkMagicCode'],
  ...['delete', 'getDownloadUrl', 'put', 'upload', 'uploadFile'],
  ...['createReadStream', 'createWriteStream'],
  ...['getPresence', 'leaveRoom', 'publishPresence', 'publishTopic'],
];

test('each method that takes a callback throws at the call when it is given none', async () => {
  const { address } = await fakeInstant();
  const db = open(address);
  const room = db.joinRoom('chat', 'lobby');
  const parts = [db, db.auth, db.storage, db.streams, room];
  const found = parts.flatMap((part) => methodsOf(part).map((name) => ({ part, name })));
  const names = found.map(({ name }) => name);
  expect(names.filter((name) => !(name in TAKING) && !OTHERS.includes(name))).toEqual([]);
  expect(Object.keys(TAKING).filter((name) => !names.includes(name))).toEqual([]);

  for (const { part, name } of found) {
    const before = TAKING[name];
    if (!before) continue;
    for (const wrong of [undefined, null, 1, 'text', true, {}, []]) {
      const call = (): unknown => (part as unknown as Methods)[name]?.(...before, wrong);
      expect(call, `${name}(${String(wrong)})`).toThrow(TypeError);
      expect(call).toThrow(`Cannot call ${name}(): its callback is`);
    }
  }
  expect(db.stats()).toMatchObject({ queries: 0, subscriptions: 0 });
  // Nothing of it is called later.
  await db.ready();
  await db.queryOnce({ goals: {} });
});

test('options that cannot be used are refused at the call, and nothing is left behind', async () => {
  const server = await fakeInstant();
  const db = open(server.address);
  await db.ready();
  const signal = {} as AbortSignal;
  expect(() => db.watch({ goals: {} }, { signal })).toThrow('Cannot call watch(): signal is of type object');
  await expect(db.ready({ signal })).rejects.toMatchObject({ code: 'invalid-config' });
  expect(db.stats().subscriptions).toBe(0);
  const room = db.joinRoom('chat', 'lobby');
  for (const name of ['keys', 'peers']) {
    const options = { [name]: 'nickname' };
    expect(() => room.subscribePresence(options as never, () => {})).toThrow(TypeError);
    expect(() => room.getPresence(options as never)).toThrow(`getPresence(): ${name} is of type string`);
  }
  const peers: unknown[] = [];
  room.subscribePresence({}, (slice) => peers.push(slice.peers));
  const data = { them: { data: { nickname: 'x' } } };
  server.peers.all[0]?.send({ op: 'refresh-presence', 'room-id': 'lobby', data });
  await expect.poll(() => peers).toEqual([{ them: { peerId: 'them', nickname: 'x' } }]);
});
