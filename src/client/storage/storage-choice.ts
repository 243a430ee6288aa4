import type { StoreInterfaceClass } from '@instantdb/core';
import type { RedisConfig } from '../../drivers/storage/redis/config.ts';
import type { SqliteConfig } from '../../drivers/storage/sqlite/config.ts';
import type { UnstorageDriver, UnstorageStorage } from '../../drivers/storage/unstorage/shape.ts';
import type { Keyring } from './keyring.ts';

/** A storage with what it takes to open it. */
export type StorageChoice =
  | { kind: 'memory' }
  | { kind: 'filesystem'; path: string }
  | { kind: 'sqlite'; path: string; sqlite: SqliteConfig }
  | { kind: 'redis'; redis: RedisConfig }
  | { kind: 'unstorage'; storage: UnstorageStorage | UnstorageDriver; durable: boolean | undefined }
  | { kind: 'class'; Store: StoreInterfaceClass; durable: boolean };

/** What was asked of the storage of one database. */
export interface StorageRequest {
  storage: StorageChoice;
  /** Undefined when nothing is sealed. */
  keyring: Keyring | undefined;
  core: { appId: string };
  instanceKey: string;
  whenStorageLocked: 'fail' | 'wait';
  keepAlive: boolean;
}
