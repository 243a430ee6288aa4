import type {
  InstantUnknownSchema,
  Logger,
  ReadableStreamCtor,
  StoreInterfaceClass,
  WritableStreamCtor,
} from '@instantdb/core';
import type { Ways } from '../../drivers/contract.ts';
import type { NetworkOption } from '../../drivers/network/network-config.ts';
import type { NetworkSource } from '../../drivers/network/network-kind.ts';
import type { StorageConfig, StorageOptionName } from '../../drivers/storage/kinds/index.ts';
import type { AnySchema } from '../schema/any-schema.ts';
import type { Secrets } from '../secrecy/secrets.ts';
import type { EncryptionKeyOption } from '../storage/keyring-input.ts';
import type { StorageRequest } from '../storage/storage-request.ts';
import type { ConnectionConfig, ResolvedConnection } from './connection-config.ts';

/** The options of {@link init}. */
export interface NodeConfig<Schema extends AnySchema = InstantUnknownSchema, UseDates extends boolean = false>
  extends StorageConfig {
  /** The app's id: a UUID. Space around it is cut off. */
  appId: string;
  /** The schema, for types, validation and links of cardinality one as objects. */
  schema?: Schema;
  /** Whether attributes of type `date` arrive as `Date`. Default false: as they were written. */
  useDateObjects?: UseDates;
  /** The URL of the server's HTTP API. Default: core's own. */
  apiURI?: string;
  /**
   * Where the server accepts WebSocket sessions. Default: `apiURI` with `ws` for `http` and `/runtime/session`
   * appended. When only this one is given and ends that way, `apiURI` is derived from it in reverse.
   */
  websocketURI?: string;
  /** The app's admin token: the server then skips every permission rule for this database. Never logged. */
  adminToken?: string;
  /**
   * Seals stored data with AES-256-GCM. Takes 32 bytes or a passphrase; `{ current, previous }` changes the key. By
   * default, and when undefined (an environment variable that is not set, say), anyone who can read the files can read
   * the data. A sealed storage does not open without its key. `docs/storage.md` says what is protected.
   */
  encryptionKey?: EncryptionKeyOption;
  /**
   * When a write that has to wait for the server resolves as `enqueued`.
   *
   * - `'strict'` (default): once the storage has it, on disk or acknowledged by its server.
   * - `'relaxed'`: at once. It is saved within a tenth of a second, and lost if the process is killed before that.
   *
   * Has no effect in memory. A write that the server confirms first is `synced` without waiting for the storage.
   */
  durability?: 'strict' | 'relaxed';
  /**
   * What to do when another process, or another database of this one, has the storage open for the same app and
   * `instanceKey`. The storage of a process that has died is taken over in either case.
   *
   * - `'fail'` (default): code `storage-locked`, thrown by `init`, or by `ready()` where only a server can tell.
   * - `'wait'`: the database opens as soon as the other has released it. Until then it behaves as if it were offline.
   */
  whenStorageLocked?: 'fail' | 'wait';
  /**
   * Tells apart two databases of one process that are otherwise opened with the same options, and their data in one
   * storage. Default `''`.
   */
  instanceKey?: string;
  /**
   * How the database learns whether there is a network. Without one it does not try to connect, and writes wait; when it
   * is back they are delivered in order.
   *
   * - `'always-online'` (default): assumes that there is one and tries again when a connection fails.
   * - `'dns'`: there is one while the host of `apiURI` can be resolved.
   * - `'http'`: there is one while the server answers HTTP: `{ use: 'http', url }` asks another. {@link NetworkOptions} say
   *   how often, how long an answer may take, and how many it takes to change.
   * - a class in the shape of core's `WindowNetworkListener`.
   */
  network?: NetworkOption;
  /** Deadlines, delays, limits and ways through: see {@link ConnectionConfig}. */
  connection?: ConnectionConfig;
  /** Whether an open database keeps the process running. Default true; `close()` lets it exit in either case. */
  keepAlive?: boolean;
  /** Whether to log messages sent and received, without tokens. Default false. */
  verbose?: boolean;
  /** Where to log. Default: the console. */
  logger?: Logger;
  /**
   * How many answers are kept, in memory or in the storage, for queries without a subscriber: the most recently used
   * ones. Default 10; 0 keeps none. Live queries do not count. Excess answers of earlier processes are forgotten ten
   * seconds after `init`, or by `close()`: until then a program has time to subscribe to them.
   */
  queryCacheLimit?: number;
  /** Whether to skip the validation of queries and transactions on this side. Default false. */
  disableValidation?: boolean;
  /** Core's: the path of a route handler that is notified of each change of user. */
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

/**
 * Every option of `init` except those of single kinds of storage. The record makes the compiler demand new ones here.
 */
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
  connection: true,
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
 * Options that core reads without documenting them. They are passed on, so that a program written for core behaves the
 * same.
 */
export const coreInternalOptions = {
  __adminToken: 'string',
  __extraDedupeKey: 'string',
  cardinalityInference: 'boolean',
  pendingTxCleanupTimeout: 'number',
  pendingMutationCleanupThreshold: 'number',
} as const;

/** The options of `init` after parsing: complete and free of contradictions. */
export interface ResolvedConfig extends StorageRequest {
  /** What core's reactor is given. */
  core: CoreConfig;
  /** What must never be shown. */
  secrets: Secrets;
  durability: 'strict' | 'relaxed';
  network: NetworkSource;
  connection: ResolvedConnection;
  /** How the server is reached. */
  ways: Ways;
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
