import type { StoreInterfaceClass } from '@instantdb/core';
import { filesystemKind } from '../filesystem/filesystem-kind.ts';
import { memoryKind } from '../memory/memory-kind.ts';
import type { RedisConfig } from '../redis/redis-config.ts';
import { redisKind } from '../redis/redis-kind.ts';
import type { SqliteConfig } from '../sqlite/sqlite-config.ts';
import { sqliteKind } from '../sqlite/sqlite-kind.ts';
import type { StorageKind } from '../storage-kind.ts';
import { classKind } from '../unstorage/class-kind.ts';
import { unstorageKind } from '../unstorage/unstorage-kind.ts';
import type { UnstorageDriver, UnstorageStorage } from '../unstorage/unstorage-shape.ts';

/** The options of `init` that say where data is stored. */
export interface StorageConfig {
  /**
   * Where pending writes, the signed-in user, sync tables and cached answers are stored. For each app and
   * `instanceKey`, one process at a time has a storage open; see `whenStorageLocked`.
   *
   * - `'memory'` (default): in the process; nothing is written anywhere.
   * - `'filesystem'`: in the folder `storagePath`.
   * - `'sqlite'`: in the file `storagePath`, with `node:sqlite`, or with the package `better-sqlite3` on Node 20.
   * - `'redis'`: on the server that `redis` names, with the package `ioredis`.
   * - a `Storage` or `Driver` of unstorage. It stays yours to dispose of; only one process may use it.
   * - a class of core's `StoreInterface`: constructed with the app's id and the name of the store. Only one process may
   *   use what is behind it.
   */
  storage?:
    | 'memory'
    | 'filesystem'
    | 'sqlite'
    | 'redis'
    | UnstorageStorage
    | UnstorageDriver
    | StoreInterfaceClass;
  /**
   * The folder of storage `'filesystem'`, or the file of storage `'sqlite'`. Required there, refused elsewhere. It is
   * created if missing, for its owner alone. An existing one keeps its mode; if others may use it, that is reported.
   */
  storagePath?: string;
  /**
   * Whether a storage of your own outlives the process; refused where `storage` is a name. If it does not, pending
   * writes end with the process, as in memory, and `close()` reports them as lost.
   *
   * Default: true for a class of core's, and for the unstorage drivers that are known to be durable (`fs`, `redis`,
   * `s3`, `mongodb`, …). Any other driver, including one without a name and an `overlay`, counts as not durable, which
   * is reported once at `init` through `subscribeErrors` (code `storage`), unless this is false. For a `Storage` with
   * several mounts, the mount that our keys are in decides; for a prefixed one, all of them do.
   */
  durable?: boolean;
  /** The server of storage `'redis'`. Required there, refused elsewhere. */
  redis?: RedisConfig;
  /** How storage `'sqlite'` opens its file. Refused elsewhere. Default: the runtime's module, or `better-sqlite3`. */
  sqlite?: SqliteConfig;
}

/** The names that option `storage` accepts. */
type StorageName = Extract<StorageConfig['storage'], string>;

/** The options that only some kinds take. */
export type StorageOptionName = Exclude<keyof StorageConfig, 'storage'>;

/**
 * Every kind of storage, in the order in which messages list them; the first is the default. All runtimes have the same
 * kinds: whatever one of them additionally needs is loaded when it is opened.
 */
export const storageKinds = {
  memory: memoryKind,
  filesystem: filesystemKind,
  sqlite: sqliteKind,
  redis: redisKind,
  unstorage: unstorageKind,
  class: classKind,
} as const satisfies Record<StorageName | 'unstorage' | 'class', StorageKind>;

/** The kinds by name, each with its choice of options. */
export type StorageKinds = typeof storageKinds;

type ChoiceOf<Kind> = Kind extends StorageKind<infer Choice> ? Choice : never;

/** A storage of one of the kinds, with the options it is opened with. */
export type StorageChoice = {
  [Name in keyof StorageKinds]: { readonly kind: Name } & ChoiceOf<StorageKinds[Name]>;
}[keyof StorageKinds];
