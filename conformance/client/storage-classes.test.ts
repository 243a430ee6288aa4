import { createRequire } from 'node:module';
import { id, init, type RedisClass, type SqliteClass } from '@instantdb/node';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { describeWithRedis, startRedis } from '../support/redis.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';

/** Nobody listens there. */
const apiURI = 'http://127.0.0.1:9';

/** A class of the user's own: with what it is made of, and how often it was made. */
function counted<Class extends object>(Given: Class): { Class: Class; made: () => number } {
  let count = 0;
  const construct = (target: never, args: unknown[], newTarget: never): object => {
    count++;
    return Reflect.construct(target, args, newTarget);
  };
  return { Class: new Proxy(Given, { construct } as ProxyHandler<Class>), made: () => count };
}

/** The one that this runtime has. */
function sqliteClass(): SqliteClass {
  const builtIn = process.getBuiltinModule?.('node:sqlite')?.DatabaseSync;
  return builtIn ?? (createRequire(import.meta.url)('better-sqlite3') as SqliteClass);
}

async function write(options: Partial<Parameters<typeof init>[0]>): Promise<string> {
  const db = init({ appId: id(), apiURI, ...options });
  db.subscribeErrors(() => {});
  const { status } = await db.transact(db.tx.goals?.[id()]?.create({ title: 'Kept' }) ?? []);
  await db.close({ timeoutMs: 0 });
  return status;
}

test.runIf(hasSqlite)('storage sqlite opens its file with the class of option sqlite.Database', async () => {
  const { Class, made } = counted(sqliteClass());
  const storagePath = `${temporaryFolder()}/data.sqlite`;
  expect(await write({ storage: 'sqlite', storagePath, sqlite: { Database: Class } })).toBe('enqueued');
  expect(made()).toBeGreaterThan(0);
  const before = made();
  expect(await write({ storage: 'sqlite', storagePath })).toBe('enqueued');
  expect(made()).toBe(before);
});

describeWithRedis('storage redis', () => {
  test('connects with the class of option redis.Redis', async () => {
    const { url } = await startRedis();
    const { Class, made } = counted(Redis as RedisClass);
    expect(await write({ storage: 'redis', redis: { url, Redis: Class } })).toBe('enqueued');
    expect(made()).toBe(1);
  });
});
