import type {
  InstantUnknownSchema,
  Logger,
  ReadableStreamCtor,
  StoreInterfaceClass,
  WritableStreamCtor,
} from '@instantdb/core';
import type { NetworkListenerClass } from '../../drivers/contract.ts';
import type { StorageConfig, StorageOptionName } from '../../drivers/storage/kinds/index.ts';
import type { AnySchema } from '../schema/any-schema.ts';
import type { Secrets } from '../secrecy/secrets.ts';
import type { EncryptionKeyOption } from '../storage/keyring-input.ts';
import type { StorageRequest } from '../storage/storage-request.ts';

/** The options of {@link init}. */
export interface NodeConfig<Schema extends AnySchema = InstantUnknownSchema, UseDates extends boolean = false>
  extends StorageConfig {
  /** The app's id: a UUID. Space around it is cut off. */
  appId: string;
  /** The schema, for types, validation and links of cardinality one as objects. */
  schema?: Schema;
  /** Whether attributes of type `date` arrive as `Date`. Default false: as they were written. */
  useDateObjects?: UseDates;
  /** Where the server's HTTP API is. Default: core's own. */
  apiURI?: string;
  /**
   * Where the server takes WebSocket sessions. Default: `apiURI` with `ws` for `http` and `/runtime/session` behind it.
   * When this one alone is given and ends so, `apiURI` is derived from it in the same way.
   */
  websocketURI?: string;
  /** The app's admin token: the server then skips every permission rule for this database. Never logged. */
  adminToken?: string;
  /**
   * Seals what is stored, with AES-256-GCM: 32 bytes, or a passphrase; `{ current, previous }` to change the key. Default,
   * also for undefined (an environment variable that is not set, say): what is stored can be read by whoever can read the
   * files. A storage that was sealed is not opened without its key. `docs/storage.md` says what is protected.
   */
  encryptionKey?: EncryptionKeyOption;
  /**
   * When a write that has to wait for the server is said to be `enqueued`.
   *
   * - `'strict'` (default): once the storage has it, on disk or acknowledged by its server.
   * - `'relaxed'`: at once. It is saved within a tenth of a second, and lost if the process is killed before.
   *
   * Without effect in memory. A write that the server confirms first is `synced` without waiting for the storage.
   */
  durability?: 'strict' | 'relaxed';
  /**
   * What to do when another process, or another database of this one, has the storage open for the same app and
   * `instanceKey`. The storage of a process that has died is taken over in either case.
   *
   * - `'fail'` (default): code `storage-locked`, thrown by `init`, or by `ready()` where it takes a server to know.
   * - `'wait'`: the database opens as soon as the other has let go. Until then it behaves as if it were offline.
   */
  whenStorageLocked?: 'fail' | 'wait';
  /**
   * Tells two databases of one process apart that are otherwise opened with the same options, and their data in one
   * storage. Default `''`.
   */
  instanceKey?: string;
  /**
   * How the database learns whether there is a network.
   *
   * - `'always-online'` (default): it takes the network for granted and tries again when a connection fails.
   * - a class in the shape of core's `WindowNetworkListener`: going offline pauses and queues, coming back delivers.
   */
  network?: 'always-online' | NetworkListenerClass;
  /** Whether an open database keeps the process running. Default true; `close()` lets it go in either case. */
  keepAlive?: boolean;
  /** Whether to log what is sent and received, tokens left out. Default false. */
  verbose?: boolean;
  /** Where to log. Default: the console. */
  logger?: Logger;
  /**
   * How many answers of queries that nobody subscribes to any more are kept, in memory or in the storage: those that were
   * used last. Default 10; 0 keeps none. Live queries do not count. What earlier processes left is forgotten ten seconds
   * after `init`, or by `close()`, so that a program has time to subscribe to it.
   */
  queryCacheLimit?: number;
  /** Whether to skip the validation of queries and transactions on this side. Default false. */
  disableValidation?: boolean;
  /** Core's: the path of a route handler that is told of each change of user. */
  firstPartyPath?: string;
  /** Core's, without effect outside a browser. */
  devtool?: boolean | object;
  /** Core's name for a `StoreInterface` class as `storage`. */
  Store?: StoreInterfaceClass;
  /** The class of the streams that `db.streams.createWriteStream` returns. Default: the runtime's. */
  WritableStream?: WritableStreamCtor;
  /** The class of the streams that `db.streams.createReadStream` returns. Default: the runtime's. */
  ReadableStream?: ReadableStreamCtor;
}

/** Every option of `init` but those of single kinds of storage. The record makes the compiler ask for a new one here. */
const OPTIONS: Record<Exclude<keyof NodeConfig, StorageOptionName>, true> = {
  appId: true,
  schema: true,
  useDateObjects: true,
  apiURI: true,
  websocketURI: true,
  adminToken: true,
  storage: true,
  encryptionKey: true,
  durability: true,
  whenStorageLocked: true,
  instanceKey: true,
  network: true,
  keepAlive: true,
  verbose: true,
  logger: true,
  queryCacheLimit: true,
  disableValidation: true,
  firstPartyPath: true,
  devtool: true,
  Store: true,
  WritableStream: true,
  ReadableStream: true,
};

/** Their names. */
export const optionNames: readonly string[] = Object.keys(OPTIONS);

/**
 * Options that core reads without documenting them. They are passed on, so that a program written for core keeps its
 * meaning.
 */
export const coreInternalOptions = {
  __adminToken: 'string',
  __extraDedupeKey: 'string',
  cardinalityInference: 'boolean',
  pendingTxCleanupTimeout: 'number',
  pendingMutationCleanupThreshold: 'number',
} as const;

/** What `init` works with once the options have been read: nothing is missing and nothing contradicts. */
export interface ResolvedConfig extends StorageRequest {
  /** What core's reactor is given. */
  core: CoreConfig;
  /** What must never be shown. */
  secrets: Secrets;
  durability: 'strict' | 'relaxed';
  network: NetworkListenerClass;
}

/** The options of core's reactor that are always there. */
export interface CoreConfig {
  appId: string;
  apiURI: string;
  websocketURI: string;
  useDateObjects: boolean;
  schema?: AnySchema;
  cardinalityInference: boolean;
  logger: Logger;
  verbose?: boolean;
  __adminToken?: string;
  __extraDedupeKey?: string;
}
