import type { StorageKind } from '../storage-kind.ts';
import { openRedisStorage } from './redis.ts';
import { parseRedisConfig, REDIS_PACKAGE, type RedisConfig } from './redis-config.ts';

/** Storage `'redis'`: a server or a cluster. */
export const redisKind: StorageKind<{ redis: RedisConfig }> = {
  options: [{ name: 'redis' }],
  needs: REDIS_PACKAGE,
  read: ({ redis }) => ({ redis: parseRedisConfig(redis) }),
  identify: ({ redis }) => ({ data: redis }),
  open: ({ redis }, options) => openRedisStorage(redis, options),
};
