/** The types of the storage options, which every entry exports. */

export type { RedisClass, RedisConfig } from '../redis/redis-config.ts';
export type { SqliteClass, SqliteConfig } from '../sqlite/sqlite-config.ts';
export type { UnstorageDriver, UnstorageStorage } from '../unstorage/unstorage-shape.ts';
