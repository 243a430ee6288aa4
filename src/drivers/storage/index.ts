import { openFilesystemStorage } from './filesystem/filesystem.ts';
import { openRedisStorage } from './redis/redis.ts';
import { openSqliteStorage } from './sqlite/sqlite.ts';
import { openClassStorage } from './unstorage/class-driver.ts';
import { openUnstorageStorage } from './unstorage/unstorage.ts';

/** Every storage driver. They are the same on every runtime; what one needs beyond that is loaded when it is chosen. */
export const storageDrivers = {
  filesystem: openFilesystemStorage,
  sqlite: openSqliteStorage,
  redis: openRedisStorage,
  unstorage: openUnstorageStorage,
  class: openClassStorage,
} as const;
