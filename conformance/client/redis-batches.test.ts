import { expect, onTestFinished, test } from 'vitest';
// By their paths: drivers are no part of what the package exports.
import { openRedisStorage } from '../../src/drivers/storage/redis/redis.ts';
import { SWITCH } from '../../src/drivers/storage/redis/scripts.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis.ts';
import { redisProxy } from '../support/redis-proxy.ts';
import {
  contentOf,
  type StorageChange,
  type StorageDriver,
  storageOptions,
} from '../support/storage-contract.ts';

const key = (name: string): string => `instant:{scope:}:${name}`;

function open(url: string): { driver: StorageDriver; options: ReturnType<typeof storageOptions> } {
  const options = storageOptions({ scope: { appId: 'scope', instanceKey: '' } });
  const driver = openRedisStorage({ url }, options);
  onTestFinished(() => driver.dispose());
  return { driver, options };
}

function pairs(count: number, value: string): StorageChange[] {
  return Array.from({ length: count }, (_, index): StorageChange => [`key:${index}`, value]);
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const isThere = (server: RedisServer, name: string): boolean => server.command('EXISTS', key(name)) === '1';

/** Every key under which something is kept, but for the lease, which expires. */
const keysLeft = (server: RedisServer): string[] =>
  server
    .command('KEYS', '*')
    .split('\n')
    .filter((name) => name !== key('lease'))
    .sort();

describeWithRedis('a batch that is too large for one script of redis', () => {
  test('is kept in its order, and leaves nothing beside it', async () => {
    const server = await startRedis({ appendfsync: 'no' });
    const { driver, options } = open(server.url);
    await driver.write([
      ['key:0', 'before'],
      ['gone', 'before'],
    ]);
    await driver.write([...pairs(5_000, 'one'), ['key:7', 'two'], ['gone', null], ['key:9', null]]);
    expect(await driver.keys()).toHaveLength(4_999);
    expect(
      await Promise.all(['key:0', 'key:7', 'gone', 'key:9', 'key:4999'].map((of) => driver.get(of))),
    ).toEqual(['one', 'two', null, null, 'one']);
    expect(options.reports).toEqual([]);
    expect(keysLeft(server)).toEqual([key('records'), key('state')]);
  });

  test('is not there before the whole of it is, and what a killed process has brought of it is forgotten', async () => {
    const server = await startRedis();
    const proxy = await redisProxy(server.port);
    const { driver, options } = open(proxy.url);
    // Until then the server does not know the scripts, and says so.
    await driver.write([['a', '1'], ...pairs(2_500, 'zero')]);
    // No answer to the first part, so that no other follows: as if the process were killed here.
    proxy.mute();
    const write = driver.write([['a', '2'], ...pairs(5_000, 'one')]).catch((error: unknown) => error);
    await until(() => isThere(server, 'staged'));
    expect(server.command('HGET', key('records'), 'a')).toBe('1');
    server.command('DEL', key('lease'));
    const { driver: next } = open(server.url);
    expect(await next.get('key:0')).toBe('zero');
    expect(keysLeft(server)).toEqual([key('records'), key('state')]);
    proxy.restore();
    expect(await write).toMatchObject({ code: 'storage-locked' });
    expect(options.losses).toHaveLength(1);
    expect([await next.get('a'), (await next.keys()).length]).toEqual(['1', 2_501]);
  });

  test('is done once, when the answer to the call that makes it count is lost', async () => {
    const server = await startRedis();
    const proxy = await redisProxy(server.port);
    const { driver, options } = open(proxy.url);
    // Until then the server does not know the scripts, and says so.
    await driver.write([['a', '1'], ...pairs(2_500, 'zero')]);
    proxy.muteAt(SWITCH.digest);
    const write = driver.write([['a', '2'], ...pairs(5_000, 'one'), ['a', null], ['a', '3']]);
    await until(() => server.command('HGET', key('records'), 'a') === '3');
    proxy.restore();
    await write;
    expect(await driver.get('a')).toBe('3');
    expect(await driver.keys()).toHaveLength(5_001);
    expect(options.emptyings).toBe(0);
    expect(keysLeft(server)).toEqual([key('records'), key('state')]);
  });

  test('is taken back as a whole when it was rejected for want of an answer', async () => {
    const server = await startRedis();
    const proxy = await redisProxy(server.port);
    const { driver } = open(proxy.url);
    const before: StorageChange[] = [['a', '1'], ['gone', '1'], ...pairs(2_500, 'zero')];
    await driver.write(before);
    proxy.muteAt(SWITCH.digest);
    const rejected = driver
      .write([['gone', null], ...pairs(5_000, 'one'), ['a', '2'], ['a', null], ['b', '1']])
      .catch((error: unknown) => error);
    await until(() => server.command('HLEN', key('records')) === '5002');
    expect(await rejected).toMatchObject({ code: 'storage' });
    proxy.restore();
    expect(await contentOf(driver)).toEqual(Object.fromEntries(before));
    await driver.write([['b', '1']]);
    expect(await driver.keys()).toHaveLength(2_503);
  });

  test('leaves nothing behind when the server is full', async () => {
    const server = await startRedis();
    const { driver } = open(server.url);
    await driver.write([['a', '1']]);
    server.command('CONFIG', 'SET', 'maxmemory', '1');
    await expect(driver.write(pairs(5_000, 'one'))).rejects.toMatchObject({
      message: expect.stringContaining('the server is full'),
    });
    expect(keysLeft(server)).toEqual([key('records'), key('state')]);
    expect(await contentOf(driver)).toEqual({ a: '1' });
  });
});

describeWithRedis('many batches at once for redis', () => {
  test('are not given up for as long as the server answers', async () => {
    const server = await startRedis({ appendfsync: 'no' });
    const proxy = await redisProxy(server.port);
    const { driver, options } = open(proxy.url);
    await driver.write([['a', '1']]);
    // Each takes its time: together far more than a server may be silent for.
    proxy.delay(400);
    const writes = Array.from({ length: 14 }, (_, index) =>
      driver.write(pairs(999, `${index}`)).then(() => index),
    );
    expect(await Promise.all(writes)).toHaveLength(14);
    expect(await driver.get('key:998')).toBe('13');
    expect(options.reports).toEqual([]);
  });
});
