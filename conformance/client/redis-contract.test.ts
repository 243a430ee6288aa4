import { afterAll, beforeAll, expect, test } from 'vitest';
// By their paths: drivers are no part of what the package exports.
import { joinKey } from '../../src/drivers/storage/record-key.ts';
import { openRedisStorage } from '../../src/drivers/storage/redis/redis.ts';
import { describeWithRedis, launchRedis, type RedisServer } from '../support/redis.ts';
import { launchRedisCluster, type RedisCluster } from '../support/redis-cluster.ts';
import {
  type StorageScope,
  storageContract,
  storageOptions,
  writeUntilTaken,
} from '../support/storage-contract.ts';

let places = 0;

/** Takes a scope as another process does once the lease has run out. */
function usurp(server: RedisServer, prefix: string, { appId, instanceKey }: StorageScope): void {
  const key = (name: string): string => `${prefix}:{${joinKey(appId, instanceKey)}}:${name}`;
  server.command('HINCRBY', key('state'), 'generation', '1');
  server.command('HSET', key('state'), 'owner', 'another.1', 'seq', '0');
  server.command('SET', key('lease'), 'another 1 elsewhere', 'PX', '5000');
}

describeWithRedis('redis on one server', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await launchRedis();
  });
  afterAll(() => server.remove());

  storageContract('redis', {
    durable: true,
    exclusive: true,
    newPlace() {
      const prefix = `place-${++places}`;
      return {
        open: (options) => openRedisStorage({ url: server.url, prefix }, options),
        usurp: (scope) => usurp(server, prefix, scope),
      };
    },
  });
});

describeWithRedis('redis on a cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await launchRedisCluster();
  });
  afterAll(() => cluster.remove());

  storageContract('redis cluster', {
    durable: true,
    exclusive: true,
    newPlace() {
      const prefix = `place-${++places}`;
      return {
        open: (options) => openRedisStorage({ cluster: cluster.nodes, prefix }, options),
        usurp: (scope) =>
          usurp(
            cluster.serverOf(`${prefix}:{${joinKey(scope.appId, scope.instanceKey)}}:state`),
            prefix,
            scope,
          ),
      };
    },
  });

  test('a node that is killed and comes back has what was acknowledged, and takes what comes then', async () => {
    const options = storageOptions();
    const driver = openRedisStorage({ cluster: cluster.nodes, prefix: 'killed' }, options);
    await driver.write([['a', '1']]);
    const server = cluster.serverOf(`killed:{${joinKey(options.scope.appId, '')}}:state`);
    await server.kill();
    // The node takes writes 2 s after it is up, and a write is given up after 5: on a busy machine the first may be.
    const write = driver
      .write([['b', '2']])
      .catch((error) => expect(error).toMatchObject({ code: 'storage' }));
    await server.start();
    await write;
    await writeUntilTaken(driver, [['b', '2']]);
    expect([await driver.get('a'), await driver.get('b')]).toEqual(['1', '2']);
    await driver.dispose();
  });
});
