import { inspect } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openRedisStorage } from '../../src/drivers/storage/redis/redis.ts';
// By their paths: drivers are no part of what the package exports.
import type { RedisConfig } from '../../src/drivers/storage/redis/redis-config.ts';
import { describeWithRedis, startRedis } from '../support/redis.ts';
import { redisProxy } from '../support/redis-proxy.ts';
import { contentOf, type StorageDriver, storageOptions } from '../support/storage-contract.ts';

const STATE = 'instant:{scope:}:state';
const RECORDS = 'instant:{scope:}:records';

function open(config: RedisConfig): { driver: StorageDriver; options: ReturnType<typeof storageOptions> } {
  const options = storageOptions({ scope: { appId: 'scope', instanceKey: '' } });
  const driver = openRedisStorage(config, options);
  onTestFinished(() => driver.dispose());
  return { driver, options };
}

/** The error that a promise rejects with. */
async function errorOf(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  return error as Error;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}

describeWithRedis('redis that goes away', () => {
  test('and comes back has all that it had acknowledged, and takes what comes then', async () => {
    const server = await startRedis();
    const { driver, options } = open({ url: server.url });
    const acknowledged: string[] = [];
    const sending = Array.from({ length: 500 }, (_, index) =>
      driver.write([[`key:${index}`, `${index}`]]).then(() => acknowledged.push(`key:${index}`)),
    );
    await sending[100];
    await server.kill();
    await server.start();
    await Promise.all(sending);
    expect(acknowledged).toHaveLength(500);
    await driver.write([['later', '1']]);
    expect(await contentOf(driver)).toEqual({
      ...Object.fromEntries(acknowledged.map((key) => [key, key.slice(4)])),
      later: '1',
    });
    expect(options.reports.map(({ message }) => message)).toEqual([
      `Cannot reach storage "redis" at "127.0.0.1:${server.port}": trying again until it answers`,
    ]);
    expect(options.losses).toEqual([]);
  });

  test('lets calls reject with code "storage" after a while, says so once, and writes nothing to the console', async () => {
    const methods = ['log', 'info', 'warn', 'error', 'debug'] as const;
    const spies = methods.map((method) => vi.spyOn(console, method));
    onTestFinished(() => {
      for (const spy of spies) spy.mockRestore();
    });
    const server = await startRedis();
    const { driver, options } = open({ url: server.url });
    await driver.write([['a', '1']]);
    await server.kill();
    const calls = [driver.write([['a', '2']]), driver.write([['b', '2']]), driver.get('a'), driver.keys()];
    for (const error of await Promise.all(calls.map(errorOf))) {
      expect(error).toMatchObject({ code: 'storage' });
      expect(error.message).toContain(`storage "redis" at "127.0.0.1:${server.port}"`);
    }
    expect(options.reports).toHaveLength(1);
    await server.start();
    expect(await contentOf(driver)).toEqual({ a: '1' });
    await server.kill();
    await until(() => options.reports.length === 2);
    await driver.dispose();
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  });

  test('can be closed meanwhile', async () => {
    const server = await startRedis();
    const { driver } = open({ url: server.url });
    await driver.write([['a', '1']]);
    await server.kill();
    await driver.dispose();
    await expect(driver.get('a')).rejects.toMatchObject({ code: 'storage' });
  });

  test('is found when it comes, if it was not there at first', async () => {
    const server = await startRedis();
    await server.kill();
    const { driver } = open({ url: server.url });
    const write = driver.write([['a', '1']]);
    await server.start();
    await write;
    expect(await driver.get('a')).toBe('1');
  });

  test('is left when it lets a connection in and says nothing, and is found when it speaks again', async () => {
    const server = await startRedis();
    const proxy = await redisProxy(server.port);
    proxy.mute();
    const { driver } = open({ url: proxy.url });
    await expect(driver.get('a')).rejects.toMatchObject({ code: 'storage' });
    proxy.hear();
    await driver.write([['a', '1']]);
    expect(await driver.get('a')).toBe('1');
  });

  test('without having kept what it acknowledged is told of', async () => {
    const server = await startRedis({ appendonly: 'no' });
    const { driver, options } = open({ url: server.url });
    await driver.write([['a', '1']]);
    server.command('FLUSHALL');
    await driver.write([['b', '1']]);
    expect(await contentOf(driver)).toEqual({ b: '1' });
    expect(options.reports.map(({ message }) => message)).toEqual([
      `Lost data of storage "redis" at "127.0.0.1:${server.port}": the server does not have all that it had acknowledged`,
    ]);
    expect(options.emptyings).toBe(1);
  });

  test('without its records alone, as a server that evicts keys does, is told of too', async () => {
    const server = await startRedis();
    const { driver, options } = open({ url: server.url });
    await driver.write([['a', '1']]);
    server.command('DEL', RECORDS);
    await until(() => options.emptyings === 1);
    server.command('DEL', RECORDS);
    await driver.write([['b', '1']]);
    expect(await contentOf(driver)).toEqual({ b: '1' });
    expect(options.emptyings).toBe(2);
    expect(options.reports).toHaveLength(2);
    expect(options.reports[0]?.message).toContain('Lost data of storage "redis"');
    await driver.write([['b', null]]);
    await driver.write([['c', '1']]);
    expect(await contentOf(driver)).toEqual({ c: '1' });
    expect(options.emptyings).toBe(2);
  });
});

describeWithRedis('redis whose answer is lost', () => {
  test('has done a batch once, which resolves when the connection is there again', async () => {
    const server = await startRedis();
    const proxy = await redisProxy(server.port);
    const { driver } = open({ url: proxy.url });
    await driver.write([['a', '1']]);
    proxy.mute();
    const write = driver.write([
      ['a', '2'],
      ['b', '2'],
    ]);
    await until(() => server.command('HGET', RECORDS, 'b') === '2');
    proxy.restore();
    await write;
    expect(await contentOf(driver)).toEqual({ a: '2', b: '2' });
  });

  test('has what it did of a rejected batch taken back', async () => {
    const server = await startRedis();
    const proxy = await redisProxy(server.port);
    const { driver } = open({ url: proxy.url });
    await driver.write([
      ['a', '1'],
      ['gone', '1'],
    ]);
    proxy.mute();
    const rejected = driver.write([
      ['a', '2'],
      ['b', '2'],
      ['gone', null],
      ['a', '3'],
    ]);
    await expect(rejected).rejects.toMatchObject({ code: 'storage' });
    expect(server.command('HGET', RECORDS, 'a')).toBe('3');
    proxy.restore();
    expect(await contentOf(driver)).toEqual({ a: '1', gone: '1' });
    await driver.write([['a', '4']]);
    expect(await driver.get('a')).toBe('4');
  });

  test('keeps none of a rejected batch that it gets to see late', async () => {
    const server = await startRedis();
    const { driver } = open({ url: server.url });
    await driver.write([['a', '1']]);
    server.signal('SIGSTOP');
    await expect(driver.write([['a', '2']])).rejects.toMatchObject({ code: 'storage' });
    server.signal('SIGCONT');
    expect(await contentOf(driver)).toEqual({ a: '1' });
  });
});

describeWithRedis('redis that refuses', () => {
  test('as it is full: none of the batch is there, and what only removes is done', async () => {
    const server = await startRedis();
    const { driver } = open({ url: server.url });
    await driver.write([
      ['a', '1'],
      ['b', '1'],
      ['c', '1'],
    ]);
    server.command('CONFIG', 'SET', 'maxmemory', '1');
    const [mixed, removing] = await Promise.allSettled([
      driver.write([
        ['a', null],
        ['d', '1'],
      ]),
      driver.write([['b', null]]),
    ]);
    expect(mixed).toMatchObject({ status: 'rejected', reason: { code: 'storage' } });
    expect(String((mixed as PromiseRejectedResult).reason)).toContain('the server is full');
    expect(removing.status).toBe('fulfilled');
    expect(await contentOf(driver)).toEqual({ a: '1', c: '1' });
    server.command('CONFIG', 'SET', 'maxmemory', '0');
    await driver.write([['d', '1']]);
    expect(await contentOf(driver)).toEqual({ a: '1', c: '1', d: '1' });
  });

  test('as it is a replica', async () => {
    const server = await startRedis();
    const { driver } = open({ url: server.url });
    await driver.write([['a', '1']]);
    server.command('REPLICAOF', '127.0.0.1', '1');
    expect(String(await errorOf(driver.write([['a', '2']])))).toContain('the server is a replica');
    server.command('REPLICAOF', 'NO', 'ONE');
    await driver.write([['b', '2']]);
    expect(await contentOf(driver)).toEqual({ a: '1', b: '2' });
  });

  test.each([RECORDS, STATE])('as %s is something else', async (key) => {
    const server = await startRedis();
    server.command('SET', key, 'mine');
    const { driver } = open({ url: server.url });
    expect(String(await errorOf(driver.get('a')))).toContain('one of its keys is used for something else');
    expect(server.command('GET', key)).toBe('mine');
    server.command('DEL', key);
    await driver.write([['a', '1']]);
  });

  test('as the user may not run scripts', async () => {
    const server = await startRedis();
    server.command('ACL', 'SETUSER', 'reader', 'on', '>p4ss-word', '~*', '+@all', '-eval', '-evalsha');
    const { driver } = open({ url: server.url, options: { username: 'reader', password: 'p4ss-word' } });
    const error = await errorOf(driver.write([['a', '1']]));
    expect(error).toMatchObject({ code: 'storage', hint: expect.stringContaining('EVAL') });
  });
});

describeWithRedis('redis with a password', () => {
  const password = 'c0rrect/h0rse';
  const withPassword = (url: string, one: string): string =>
    url.replace('//', `//:${encodeURIComponent(one)}@`);

  test('is used with it', async () => {
    const server = await startRedis({ requirepass: password });
    for (const config of [
      { url: withPassword(server.url, password) },
      { url: server.url, options: { password } },
    ]) {
      const { driver, options } = open(config);
      await driver.write([['a', '1']]);
      await driver.dispose();
      expect(options.reports).toEqual([]);
    }
  });

  test('lets every call reject at once without the right one, which nothing shows', async () => {
    const server = await startRedis({ requirepass: password });
    const wrong = 'wr0ng/secret';
    const configs: RedisConfig[] = [
      { url: withPassword(server.url, wrong) },
      { url: server.url, options: { password: wrong } },
      { url: server.url },
    ];
    for (const config of configs) {
      const { driver, options } = open(config);
      const error = await errorOf(driver.write([['a', 'v4lue']]));
      expect(String(error)).toMatch(/asks for a password|does not accept the user and password/);
      const told = inspect([error, error.cause, options.reports], { depth: 20, showHidden: true });
      for (const secret of [wrong, encodeURIComponent(wrong), 'v4lue']) expect(told).not.toContain(secret);
    }
  });

  test('that the server does not ask for is told of', async () => {
    const server = await startRedis();
    const { driver, options } = open({ url: withPassword(server.url, password) });
    await driver.write([['a', '1']]);
    expect(options.reports.map(({ message }) => message)).toEqual([
      `Asked for no password by storage "redis" at "127.0.0.1:${server.port}", though one is given`,
    ]);
  });
});
