import { openClassStorage } from './class-driver.ts';
import { openFilesystemStorage } from './filesystem.ts';
import { openRedisStorage } from './redis.ts';
import { openSqliteStorage } from './sqlite.ts';
import { openUnstorageStorage } from './unstorage.ts';

/** Every storage driver. They are the same on every runtime; what one needs beyond that is loaded when it is chosen. */
export const storageDrivers = {
  filesystem: openFilesystemStorage,
  sqlite: openSqliteStorage,
  redis: openRedisStorage,
  unstorage: openUnstorageStorage,
  class: openClassStorage,
} as const;
