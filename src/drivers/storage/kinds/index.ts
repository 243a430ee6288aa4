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

/** The options of `init` that say where data is kept. */
export interface StorageConfig {
  /**
   * Where pending writes, the signed-in user, sync tables and cached answers are kept. One process has a storage open
   * for one app and `instanceKey` at a time; see `whenStorageLocked`.
   *
   * - `'memory'` (default): in the process; nothing is written anywhere.
   * - `'filesystem'`: in the folder `storagePath`.
   * - `'sqlite'`: in the file `storagePath`, by `node:sqlite`, or by the package `better-sqlite3` on Node 20.
   * - `'redis'`: on the server that `redis` names, by the package `ioredis`.
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
   * The folder of storage `'filesystem'`, or the file of storage `'sqlite'`. Required there, refused elsewhere. Made when
   * it is missing, for its owner alone. One that is there keeps its mode; others who may use it are told of.
   */
  storagePath?: string;
  /**
   * Whether what a storage of yours keeps outlives the process; refused where `storage` is a name. Where it does not, pending
   * writes end with the process, as in memory, and are told of as lost by `close()`.
   *
   * Default: true for a class of core's, and for the drivers of unstorage that are known to (`fs`, `redis`, `s3`, `mongodb`,
   * …). Any other, one without a name and an `overlay` among them, counts as one that does not, which `subscribeErrors` is
   * told of once at `init` (code `storage`), unless this is false. Of a `Storage` with several mounts, the one that our keys
   * are in counts; of a prefixed one, all.
   */
  durable?: boolean;
  /** The server of storage `'redis'`. Required there, refused elsewhere. */
  redis?: RedisConfig;
  /** With what storage `'sqlite'` opens its file. Refused elsewhere. Default: what the runtime has, or `better-sqlite3`. */
  sqlite?: SqliteConfig;
}

/** What option `storage` may be by name. */
type StorageName = Extract<StorageConfig['storage'], string>;

/** The options that belong to some kinds alone. */
export type StorageOptionName = Exclude<keyof StorageConfig, 'storage'>;

/**
 * Every kind of storage, in the order in which messages name them; the first is the default. They are the same on every
 * runtime: what one needs beyond that is loaded when it is opened.
 */
export const storageKinds = {
  memory: memoryKind,
  filesystem: filesystemKind,
  sqlite: sqliteKind,
  redis: redisKind,
  unstorage: unstorageKind,
  class: classKind,
} as const satisfies Record<StorageName | 'unstorage' | 'class', StorageKind>;

/** The kinds by name, each with what it takes to open it. */
export type StorageKinds = typeof storageKinds;

type ChoiceOf<Kind> = Kind extends StorageKind<infer Choice> ? Choice : never;

/** A storage of one of the kinds, with what it takes to open it. */
export type StorageChoice = {
  [Name in keyof StorageKinds]: { readonly kind: Name } & ChoiceOf<StorageKinds[Name]>;
}[keyof StorageKinds];
