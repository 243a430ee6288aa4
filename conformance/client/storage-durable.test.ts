import { type InstantNodeError, id, type NodeConfig, type TransactionError } from '@instantdb/node';
import type { Driver, Storage } from 'unstorage';
import { createStorage, prefixStorage } from 'unstorage';
import fsDriver from 'unstorage/drivers/fs';
import lruCacheDriver from 'unstorage/drivers/lru-cache';
import memoryDriver from 'unstorage/drivers/memory';
import nullDriver from 'unstorage/drivers/null';
import overlayDriver from 'unstorage/drivers/overlay';
import { describe, expect, test } from 'vitest';
import { classStore } from '../support/class-store.ts';
import { switchedNetwork } from '../support/network.ts';
import { type Address, eventIdOf, freshKey, open } from '../support/open.ts';
import { goal, type Schema } from '../support/schema.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';

const address: Address = {
  appId: id(),
  apiURI: 'http://127.0.0.1:9',
  websocketURI: 'ws://127.0.0.1:9/runtime/session',
};

/** An offline database, and what it says. */
function openOffline(config: Partial<NodeConfig<Schema>>) {
  const db = open(address, { instanceKey: freshKey(), network: switchedNetwork(false), ...config });
  const errors: InstantNodeError[] = [];
  const lost: TransactionError[] = [];
  db.subscribeErrors((error) => errors.push(error));
  db.subscribeTransactionErrors((error) => lost.push(error));
  return { db, errors, lost };
}

const fs = (): Driver => fsDriver({ base: temporaryFolder() });
const nameless = (): Driver => ({ ...memoryDriver(), name: undefined });
const named = (name: string): Driver => ({ ...memoryDriver(), name });
const mounted = (root: Driver, base: string, driver: Driver): Storage =>
  createStorage({ driver: root }).mount(base, driver);

const passing: Record<string, () => Storage | Driver> = {
  'a driver "memory"': () => memoryDriver(),
  'a driver "null"': () => nullDriver(),
  'a driver "lru-cache"': () => lruCacheDriver({ max: 1_000 }),
  'an overlay over memory': () => overlayDriver({ layers: [memoryDriver()] }),
  'an overlay over "fs", which is not looked into': () => overlayDriver({ layers: [fs()] }),
  'a driver of an unknown name': () => named('mine'),
  'a driver without a name': nameless,
  'a Storage over memory': () => createStorage(),
  'a Storage whose mount for our keys is memory': () => mounted(fs(), 'instant', memoryDriver()),
  'a prefixed Storage of which a mount is memory': () =>
    prefixStorage(mounted(fs(), 'a', memoryDriver()), 'b'),
};

const lasting: Record<string, () => Storage | Driver> = {
  'a driver "fs"': fs,
  'a driver "redis"': () => named('redis'),
  'a driver "s3"': () => named('s3'),
  'a Storage over "fs"': () => createStorage({ driver: fs() }),
  'a Storage whose mount for our keys is "fs"': () => mounted(memoryDriver(), 'instant', fs()),
  'a Storage of which another mount is memory': () => mounted(fs(), 'cache', memoryDriver()),
  'a prefixed Storage over "fs"': () => prefixStorage(createStorage({ driver: fs() }), 'mine'),
};

describe.each(Object.entries(passing))('%s', (_, make) => {
  test('is said once, at init, not to outlive the process, in stats() too, and at close() what is lost', async () => {
    const { db, errors, lost } = openOffline({ storage: make() });
    const result = await db.transact(goal(id()).update({ title: 'Run' }));
    expect(result).toMatchObject({ status: 'enqueued' });
    expect(errors).toMatchObject([
      {
        code: 'storage',
        message: expect.stringMatching(/^Storage "unstorage".* is not known to outlive the process/),
        hint: expect.stringContaining('durable: true'),
      },
    ]);
    expect(db.stats().durable).toBe(false);
    await db.close({ timeoutMs: 0 });
    expect(lost).toMatchObject([{ eventId: eventIdOf(result), type: 'closed', isKept: false }]);
    expect(errors).toHaveLength(1);
  });
});

describe.each(Object.entries(lasting))('%s', (_, make) => {
  test('is taken to outlive the process', async () => {
    const options = { storage: make(), instanceKey: freshKey() };
    const first = openOffline(options);
    const result = await first.db.transact(goal(id()).update({ title: 'Run' }));
    expect(first.db.stats().durable).toBe(true);
    await first.db.close({ timeoutMs: 0 });
    const second = openOffline(options);
    await second.db.getAuth();
    expect(second.db.pendingTransactions()).toMatchObject([{ eventId: eventIdOf(result) }]);
    expect([first, second].flatMap(({ errors, lost }) => [...errors, ...lost])).toEqual([]);
  });
});

describe('option "durable"', () => {
  test('true keeps writes in a storage that nobody knows', async () => {
    const options = { storage: named('mine'), durable: true, instanceKey: freshKey() };
    const first = openOffline(options);
    await first.db.transact(goal(id()).update({ title: 'Run' }));
    expect(first.db.stats().durable).toBe(true);
    await first.db.close({ timeoutMs: 0 });
    const second = openOffline(options);
    await second.db.getAuth();
    expect(second.db.pendingTransactions()).toHaveLength(1);
    expect([first, second].flatMap(({ errors, lost }) => [...errors, ...lost])).toEqual([]);
  });

  test.each<[string, () => Partial<NodeConfig<Schema>>]>([
    ['a driver of unstorage’s', () => ({ storage: fs() })],
    ['a class of core’s', () => ({ storage: classStore().Store })],
    ['a class of core’s, sealed', () => ({ storage: classStore().Store, encryptionKey: new Uint8Array(32) })],
  ])('false lets nobody rely on %s, and nothing is said of it', async (__, config) => {
    const { db, errors, lost } = openOffline({ ...config(), durable: false });
    const result = await db.transact(goal(id()).update({ title: 'Run' }));
    expect(db.stats().durable).toBe(false);
    await db.close({ timeoutMs: 0 });
    expect(errors).toEqual([]);
    expect(lost).toMatchObject([{ eventId: eventIdOf(result), type: 'closed' }]);
  });

  test('of the other storages is known', async () => {
    expect(openOffline({}).db.stats().durable).toBe(false);
    const folder = temporaryFolder();
    const kinds: Partial<NodeConfig<Schema>>[] = [
      { storage: 'filesystem', storagePath: `${folder}/data` },
      ...(hasSqlite ? [{ storage: 'sqlite', storagePath: `${folder}/data.db` } as const] : []),
      { storage: classStore().Store },
    ];
    for (const config of kinds) expect(openOffline(config).db.stats().durable).toBe(true);
  });

  test('without a subscriber to errors, what does not last is logged, once', async () => {
    const logged: string[] = [];
    const logger = { info() {}, debug() {}, error: (message: string) => logged.push(message) };
    const db = open(address, { storage: memoryDriver(), network: switchedNetwork(false), logger });
    await db.getAuth();
    await db.close();
    expect(logged).toMatchObject([expect.stringContaining('is not known to outlive the process')]);
  });
});
