import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { InstantNodeError } from '../../../errors.ts';
import { parseRedisConfig, placeOf, resolveRedisConfig, secretsOf } from './redis-config.ts';

const node = { host: 'one.example', port: 7000 };

describe('parseRedisConfig()', () => {
  test.each([
    { url: 'redis://127.0.0.1' },
    { url: 'rediss://user:secret@redis.example:6380/2', prefix: 'app' },
    { url: '/run/redis.sock' },
    { cluster: [node], clusterOptions: { natMap: {} } },
    { options: { sentinels: [{ host: 'a', port: 1 }], name: 'main' } },
    { options: { path: '/run/redis.sock' } },
    { url: 'redis://127.0.0.1', Redis },
  ])('takes %o', (config) => {
    expect(parseRedisConfig(config)).toBe(config);
  });

  test.each([
    [undefined, '"redis" is missing'],
    ['redis://:secret@a', '"redis" is a string'],
    [[], '"redis" is an empty list'],
    [{}, 'names no server'],
    [{ options: {} }, 'names no server'],
    [{ url: 'redis://:secret@a', cluster: [node] }, 'both given'],
    [{ url: 'http://:secret@a' }, '"redis.url" cannot be used'],
    [{ url: 'secret' }, '"redis.url" cannot be used'],
    [{ url: '/run/redis.sock?password=secret' }, '"redis.url" cannot be used'],
    [{ url: 1 }, '"redis.url" is a number'],
    [{ cluster: [] }, '"redis.cluster" is an empty list'],
    [{ cluster: [{ host: 'secret@a', port: 1 }] }, '"redis.cluster[0]" cannot be used'],
    [{ cluster: [node, { host: 'a', port: 65_536 }] }, '"redis.cluster[1]" cannot be used'],
    [{ url: 'redis://a', prefix: '' }, '"redis.prefix" is a string'],
    [{ url: 'redis://a', prefix: 'a{b}' }, '"redis.prefix" is a string'],
    [{ url: 'redis://a', options: 'secret' }, '"redis.options" is a string'],
    [{ url: 'redis://a', options: { keyPrefix: 'secret' } }, '"redis.options.keyPrefix"'],
    [{ url: 'redis://a', clusterOptions: {} }, '"redis.clusterOptions" is an object, expected nothing'],
    [{ url: 'redis://a', password: 'secret' }, '"redis.password" is unknown'],
    [{ url: 'redis://a', Redis: null }, '"redis.Redis" is null'],
    [{ url: 'redis://a', Redis: { Redis, Cluster: Redis.Cluster } }, '"redis.Redis" is an object'],
    [{ url: 'redis://a', Redis: Redis.Cluster }, '"redis.Redis" is a function'],
    [{ url: 'redis://a', Redis: () => 'secret' }, '"redis.Redis" is a function'],
  ])('refuses %o, saying which option and not what it holds', (config, message) => {
    let error: unknown;
    try {
      parseRedisConfig(config);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(InstantNodeError);
    expect(error).toMatchObject({ code: 'invalid-config', message: expect.stringContaining(message) });
    expect(inspect(error)).not.toContain('secret');
  });
});

test.each([
  [{ url: 'rediss://user:secret@redis.example:6380/2' }, 'redis.example:6380/2'],
  [{ url: 'redis://redis.example' }, 'redis.example:6379'],
  [{ url: '/run/redis.sock' }, '/run/redis.sock'],
  [{ cluster: [node, { host: 'two.example', port: 7001 }] }, 'one.example:7000,two.example:7001'],
  [{ options: { host: 'redis.example', password: 'secret' } }, 'redis.example:6379'],
  [{ options: { sentinels: [{ host: 'a', port: 1 }] } }, 'sentinels of mymaster'],
])('placeOf() says where %o is', (config, place) => {
  expect(placeOf(resolveRedisConfig(config))).toBe(place);
});

test('secretsOf() finds every password, written either way', () => {
  const found = secretsOf(
    resolveRedisConfig({ url: 'redis://u:a%2Fb@h?sentinelPassword=c', options: { password: 'd' } }),
  );
  expect(found.sort()).toEqual(['a%2Fb', 'a/b', 'c', 'c', 'd']);
});
