import { type InstantNodeError, id, init, type NodeConfig } from '@instantdb/node';
import { expect, onTestFinished, test } from 'vitest';
// By its path: drivers are no part of what the package exports.
import { openRedisStorage } from '../../src/drivers/storage/redis/redis.ts';
import { switchedNetwork } from '../support/network.ts';
import { freshKey, open } from '../support/open.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis.ts';
import { goal } from '../support/schema.ts';
import { storageOptions, writeUntilTaken } from '../support/storage-contract.ts';

type Redis = NonNullable<NodeConfig['redis']>;

const address = { appId: id(), apiURI: 'http://127.0.0.1:9', websocketURI: 'ws://127.0.0.1:9' };

const sizes = (server: RedisServer): string[] =>
  server
    .command('INFO', 'keyspace')
    .split(/\r?\n/)
    .filter((line) => line.startsWith('db'));

/** What a database on `redis` tells of, and how a write of it ends. */
async function outcomeOf(redis: Redis): Promise<{ errors: InstantNodeError[]; write: Promise<unknown> }> {
  const db = open(address, { storage: 'redis', redis, network: switchedNetwork(false) });
  const errors: InstantNodeError[] = [];
  const told = new Promise<void>((resolve) => {
    db.subscribeErrors((error) => {
      errors.push(error);
      resolve();
    });
  });
  const write = db.transact(goal(id()).update({ title: 'Run' }));
  write.catch(() => {});
  await told;
  return { errors, write };
}

describeWithRedis('storage "redis" in a database that is not the first', () => {
  test('keeps everything there, after a lost connection too', async () => {
    const server = await startRedis();
    for (const redis of [
      { url: `${server.url}/3` },
      { url: `${server.url}?db=3` },
      { url: server.url, options: { db: 3 } },
    ]) {
      const options = storageOptions({ scope: { appId: 'scope', instanceKey: '' } });
      const driver = openRedisStorage(redis, options);
      onTestFinished(() => driver.dispose());
      await driver.write([['a', '1']]);
      server.command('CLIENT', 'KILL', 'TYPE', 'normal');
      await driver.write([['b', '1']]);
      await driver.dispose();
      expect(sizes(server)).toEqual([expect.stringMatching(/^db3:/)]);
      server.command('FLUSHALL');
    }
  });

  test('which the server does not have: says so, and writes nothing anywhere', async () => {
    const server = await startRedis();
    for (const redis of [{ url: `${server.url}/99` }, { url: server.url, options: { db: 99 } }]) {
      const { errors } = await outcomeOf(redis);
      expect(errors).toEqual([
        expect.objectContaining({
          code: 'storage',
          message: expect.stringContaining('Cannot open storage "redis" yet'),
          cause: expect.objectContaining({
            message: `Cannot use storage "redis" at "127.0.0.1:${server.port}/99": the server has no such database`,
            hint: expect.stringContaining('databases'),
          }),
        }),
      ]);
      expect(sizes(server)).toEqual([]);
    }
  });

  test('which the user may not choose: says so, writes nothing, and goes on when it may', async () => {
    const server = await startRedis();
    server.command('ACL', 'SETUSER', 'app', 'on', '>p4ss-word', '~*', '+@all', '-select');
    const { errors, write } = await outcomeOf({
      url: `${server.url.replace('//', '//app:p4ss-word@')}/2`,
    });
    expect(errors).toEqual([
      expect.objectContaining({
        code: 'storage',
        cause: expect.objectContaining({
          message: expect.stringContaining('the user may not choose a database'),
          hint: expect.stringContaining('SELECT'),
        }),
      }),
    ]);
    expect(sizes(server)).toEqual([]);
    server.command('ACL', 'SETUSER', 'app', '+select');
    expect(await write).toMatchObject({ status: 'enqueued' });
    expect(sizes(server)).toEqual([expect.stringMatching(/^db2:/)]);
    expect(errors).toHaveLength(1);
  });

  test('loses the right to it while it is open: nothing goes to another', async () => {
    const server = await startRedis();
    server.command('ACL', 'SETUSER', 'app', 'on', '>p4ss-word', '~*', '+@all');
    const driver = openRedisStorage(
      { url: `${server.url.replace('//', '//app:p4ss-word@')}/2` },
      storageOptions({ scope: { appId: 'scope', instanceKey: '' } }),
    );
    onTestFinished(() => driver.dispose());
    await driver.write([['a', '1']]);
    server.command('ACL', 'SETUSER', 'app', '-select');
    server.command('CLIENT', 'KILL', 'TYPE', 'normal');
    await expect(driver.write([['b', '1']])).rejects.toMatchObject({ code: 'storage' });
    expect(sizes(server)).toEqual([expect.stringMatching(/^db2:/)]);
    server.command('ACL', 'SETUSER', 'app', '+select');
    await writeUntilTaken(driver, [['c', '1']]);
    expect((await driver.keys()).sort()).toEqual(['a', 'c']);
  });
});

const wrong: Redis[] = [
  ...['/abc', '/-1', '/1.5', '/3/4', '/1e3', '/99999999999', '?db=abc', '?db='].map((path) => ({
    url: `redis://user:p4ss-word@127.0.0.1:1${path}`,
  })),
  ...['abc', -1, 1.5, Number.NaN, null, ''].map((db) => ({
    url: 'redis://user:p4ss-word@127.0.0.1:1',
    options: { db },
  })),
  { cluster: [{ host: '127.0.0.1', port: 1 }], options: { db: 1 } },
];

test.each(wrong)('init() refuses a database that there cannot be: %j', (redis) => {
  let thrown: unknown;
  try {
    init({ ...address, storage: 'redis', redis, instanceKey: freshKey() });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({
    code: 'invalid-config',
    message: expect.stringMatching(/redis\.(url|options\.db)/),
  });
  expect(String(thrown)).not.toContain('p4ss-word');
});
