import {
  type DatabaseStats,
  type InstantNodeDatabase,
  type InstantNodeError,
  type InstantUnknownSchema,
  init,
  isInstantNodeError,
  isServerRefusal,
  type NetworkListenerClass,
  type NetworkOption,
  type NetworkOptions,
  type NodeConfig,
  type PendingTransaction,
  type ServerRefusal,
  type ServerRefusalCode,
  StoreInterface,
  type TransactionError,
  type TransactionResult,
  type TransactionStep,
  type WriteOutcome,
} from '@instantdb/node';
import { Cluster, Redis } from 'ioredis';
import { createStorage } from 'unstorage';
import memoryDriver from 'unstorage/drivers/memory';
import { describe, expectTypeOf, test } from 'vitest';

// Compiled, never run.

const appId = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';

class Store extends StoreInterface {
  override getItem = (_key: string): Promise<unknown> => Promise.resolve(null);
  override removeItem = (_key: string): Promise<void> => Promise.resolve();
  override multiSet = (_pairs: [string, unknown][]): Promise<void> => Promise.resolve();
  override getAllKeys = (): Promise<string[]> => Promise.resolve([]);
}

const Network = {
  getIsOnline: (): Promise<boolean> => Promise.resolve(true),
  listen: (_change: (isOnline: boolean) => void): (() => void) => {
    return () => {};
  },
};

describe('init()', () => {
  test('without a schema gives a database of core’s unknown schema', () => {
    expectTypeOf(init({ appId })).toEqualTypeOf<InstantNodeDatabase<InstantUnknownSchema, false>>();
    expectTypeOf(init({ appId, useDateObjects: true })).toEqualTypeOf<
      InstantNodeDatabase<InstantUnknownSchema, true>
    >();
  });

  test('takes the options, and nothing else', () => {
    init({
      appId,
      apiURI: 'http://localhost',
      websocketURI: 'ws://localhost',
      adminToken: 'x',
      storage: 'sqlite',
      storagePath: 'x',
    });
    init({ appId, storage: 'filesystem', storagePath: 'x', encryptionKey: 'a passphrase' });
    init({ appId, storage: createStorage(), encryptionKey: new Uint8Array(32) });
    init({ appId, storage: memoryDriver(), encryptionKey: { current: 'new', previous: ['old'] } });
    init({ appId, storage: memoryDriver(), durable: false });
    init({ appId, storage: 'redis', redis: { url: 'redis://localhost' }, whenStorageLocked: 'wait' });
    init({ appId, storage: Store, durability: 'relaxed' });
    init({ appId, storage: Store, network: Network, instanceKey: 'a', keepAlive: false, queryCacheLimit: 1 });
    init({ appId, network: 'always-online', verbose: true, logger: console, devtool: false });
    init({ appId, network: 'dns' });
    init({
      appId,
      network: { use: 'http', url: 'http://localhost', intervalMs: 1, timeoutMs: 1, threshold: 1 },
    });
    expectTypeOf<NetworkOptions>().toExtend<NetworkOption>();
    expectTypeOf(Network).toExtend<NetworkListenerClass>();
    // @ts-expect-error The app id is missing.
    init({});
    // @ts-expect-error No such option.
    init({ appId, apiUri: 'http://localhost' });
    // @ts-expect-error No such storage.
    init({ appId, storage: 'indexeddb' });
    // @ts-expect-error No such network.
    init({ appId, network: 'offline' });
    // @ts-expect-error No such question.
    init({ appId, network: { use: 'icmp' } });
    // @ts-expect-error A network listener has two functions.
    init({ appId, network: { getIsOnline: () => Promise.resolve(true) } });
    expectTypeOf<NodeConfig['appId']>().toEqualTypeOf<string>();
  });
});

describe('what a database has beyond core’s', () => {
  test('is typed', async () => {
    const db = init({ appId });
    expectTypeOf(await db.ready({ signal: AbortSignal.timeout(1) })).toEqualTypeOf<void>();
    expectTypeOf(db.pendingTransactions()).toEqualTypeOf<PendingTransaction[]>();
    expectTypeOf<PendingTransaction['steps']>().toEqualTypeOf<readonly TransactionStep[]>();
    type State = 'queued' | 'sent' | 'unknown' | 'stuck' | 'foreign';
    expectTypeOf<PendingTransaction['state']>().toEqualTypeOf<State>();
    expectTypeOf<Extract<PendingTransaction, { state: 'foreign' }>['author']>().toEqualTypeOf<{
      readonly userId: string | null;
      readonly isAdmin: boolean;
    }>();
    expectTypeOf<InstantNodeError['outcome']>().toEqualTypeOf<WriteOutcome | undefined>();
    expectTypeOf<TransactionError['outcome']>().toEqualTypeOf<'not-applied' | 'unknown' | undefined>();
    expectTypeOf(db.retryTransaction('')).toEqualTypeOf<Promise<TransactionResult>>();
    expectTypeOf(db.discardTransaction('')).toEqualTypeOf<Promise<boolean>>();
    expectTypeOf(db.stats()).toEqualTypeOf<DatabaseStats>();
    expectTypeOf(db.subscribeErrors).parameter(0).parameter(0).toEqualTypeOf<InstantNodeError>();
    expectTypeOf(db.subscribeTransactionErrors).parameter(0).parameter(0).toEqualTypeOf<TransactionError>();
    expectTypeOf(db.close({ timeoutMs: 1 })).toEqualTypeOf<Promise<void>>();
    // @ts-expect-error No such option.
    void db.close({ timeout: 1 });
  });

  test('closes at the end of a block', async () => {
    await using db = init({ appId });
    expectTypeOf(db).toExtend<AsyncDisposable>();
  });
});

test('isInstantNodeError() narrows to the code that it is asked for', () => {
  const error: unknown = undefined;
  if (isInstantNodeError(error, 'invalid-config')) {
    expectTypeOf(error).toExtend<InstantNodeError>();
    expectTypeOf(error.code).toEqualTypeOf<'invalid-config'>();
    expectTypeOf(error.hint).toEqualTypeOf<string | undefined>();
  }
  const code = 'closed' as InstantNodeError['code'] | undefined;
  if (isInstantNodeError(error, code)) expectTypeOf(error).toEqualTypeOf<InstantNodeError>();
  // @ts-expect-error No such code.
  isInstantNodeError(error, 'closd');
});

test('isServerRefusal() narrows to the type that it is asked for', () => {
  const error: unknown = undefined;
  if (isServerRefusal(error)) expectTypeOf(error).toEqualTypeOf<ServerRefusal>();
  if (isServerRefusal(error, 'record-not-unique')) {
    expectTypeOf(error.type).toEqualTypeOf<'record-not-unique'>();
    expectTypeOf(error.code).toEqualTypeOf<'unique' | 'connection-failed'>();
    expectTypeOf(error.status).toEqualTypeOf<number>();
  }
  if (isServerRefusal(error, 'validation-failed')) {
    expectTypeOf(error.code).toEqualTypeOf<ServerRefusalCode | 'connection-failed' | undefined>();
  }
  // A type that core does not know.
  if (isServerRefusal(error, 'app-read-only')) expectTypeOf(error.type).toEqualTypeOf<'app-read-only'>();
  const type = 'a' as string | undefined;
  if (isServerRefusal(error, type)) expectTypeOf(error).toEqualTypeOf<ServerRefusal>();
  const caught = new Error('x');
  if (isServerRefusal(caught, 'permission-denied')) {
    expectTypeOf(caught).toExtend<Error>();
    expectTypeOf(caught.type).toEqualTypeOf<'permission-denied'>();
  }
});

test('the codes of errors are a closed set', () => {
  const error: unknown = undefined;
  if (!isInstantNodeError(error)) return;
  expectTypeOf(error).toEqualTypeOf<InstantNodeError>();
  switch (error.code) {
    case 'invalid-config':
    case 'unsupported-runtime':
    case 'missing-dependency':
    case 'closed':
    case 'connection-failed':
    case 'timeout':
    case 'protocol':
    case 'query-failed':
    case 'storage':
    case 'storage-locked':
    case 'not-pending':
    case 'discarded':
    case 'queue-full':
    case 'message-too-large':
    case 'backend':
      return;
    default:
      error.code satisfies never;
  }
});

test('redis.Redis takes the class of ioredis, sqlite.Database what opens SQLite files, and nothing else', () => {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  init({ appId, storage: 'redis', redis: { url: 'redis://127.0.0.1', Redis } });
  init({ appId, storage: 'sqlite', storagePath: 'data.sqlite', sqlite: { Database: DatabaseSync } });
  // @ts-expect-error the class for clusters is found by the other
  init({ appId, storage: 'redis', redis: { url: 'redis://127.0.0.1', Redis: Cluster } });
  // @ts-expect-error no class
  init({ appId, storage: 'sqlite', storagePath: 'data.sqlite', sqlite: { Database: 'better-sqlite3' } });
  // @ts-expect-error a class of something else
  init({ appId, storage: 'sqlite', storagePath: 'data.sqlite', sqlite: { Database: Map } });
});
