import type { Triple } from '../../protocol/attr.ts';
import type { AppStatus } from '../../protocol/down.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { LedgerKey } from '../ledger/ledger-key.ts';
import type { Change } from '../store/undo-log.ts';
import type { AppIdentity } from './app-identity.ts';
import type { DataSet, Snapshot } from './data-set.ts';
import type { StreamContent } from './stream-content.ts';

/** A committed transaction of an app. */
export interface Commit {
  readonly txId: number;
  readonly changes: readonly Change[];
  /** The name the ledger remembers it by, if the client gave one. */
  readonly key: LedgerKey | undefined;
}

/** Everything about an app except its data. */
export interface AppSettings {
  readonly identity: AppIdentity;
  readonly status: AppStatus;
  /** The permission rules as they were given; null for none. */
  readonly rules: JsonValue;
  /** The state that a reset restores. */
  readonly initial: Snapshot;
}

/** An app at its creation. */
export interface NewApp extends AppSettings {
  readonly processedTxId: number;
}

/** An app as it was persisted. */
export interface KeptApp extends NewApp {
  /** Every attribute that is not purely the system's, including those marked as deleted. */
  readonly attrs: DataSet['attrs'];
  readonly triples: Iterable<Triple>;
  /** Transactions remembered by name, oldest first; forgotten ones may come before them. */
  readonly ledger: Iterable<{ readonly key: LedgerKey; readonly txId: number }>;
}

/**
 * Persists the apps of a backend beyond the life of the process. A change becomes durable some time after the call that
 * reports it, so clients may only see it in {@link whenDurable} or after {@link flush}.
 */
export interface AppPersistence {
  /** A value that lasts as long as the persisted data, such as a secret; `make` creates it the first time. */
  lasting(name: string, make: () => string): string;
  /** Signs things this backend must recognise later as its own, such as file URLs. */
  readonly signingKey: Uint8Array;
  /** The folder for file contents; undefined when nothing is persisted. */
  readonly filesFolder: string | undefined;
  /** No persisted transaction has a larger id. */
  readonly lastTxId: number;
  /** The persisted apps. Read each one before requesting the next, and all of them before anything is written. */
  apps(): Iterable<KeptApp>;
  appCreated(app: NewApp): void;
  appDeleted(appId: string): void;
  /** The content written to the streams of an app. Deleted with the app. */
  streamContent(appId: string): StreamContent;
  committed(appId: string, commit: Commit): void;
  settingsChanged(appId: string, changed: Partial<AppSettings>): void;
  /**
   * Runs `action` once everything reported so far is durable: at once if it already is, else in call order. Never runs
   * if it cannot be made durable.
   */
  whenDurable(action: () => void): void;
  /**
   * Makes everything reported so far durable.
   *
   * @throws {InstantNodeError} `storage` when it cannot, then and ever after.
   */
  flush(): void;
  /** Makes everything durable and releases the storage. Nothing may be reported afterwards. Repeatable. */
  close(): void;
}
