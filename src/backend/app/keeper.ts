import type { Triple } from '../../protocol/attr.ts';
import type { AppStatus } from '../../protocol/down.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { LedgerKey } from '../ledger/ledger-key.ts';
import type { Change } from '../store/undo-log.ts';
import type { AppIdentity } from './app-identity.ts';
import type { DataSet, Snapshot } from './data-set.ts';
import type { StreamContent } from './stream-content.ts';

/** What a transaction of an app came to. */
export interface Commit {
  readonly txId: number;
  readonly changes: readonly Change[];
  /** Under which it is remembered, when the client had named it. */
  readonly key: LedgerKey | undefined;
}

/** What an app is, apart from its data. */
export interface AppSettings {
  readonly identity: AppIdentity;
  readonly status: AppStatus;
  /** The permission rules as they were given; null for none. */
  readonly rules: JsonValue;
  /** What a reset brings the app back to. */
  readonly initial: Snapshot;
}

/** An app at its creation. */
export interface NewApp extends AppSettings {
  readonly processedTxId: number;
}

/** An app as it was kept. */
export interface KeptApp extends NewApp {
  /** Every attribute that is not just the system's, those marked as deleted included. */
  readonly attrs: DataSet['attrs'];
  readonly triples: Iterable<Triple>;
  /** The transactions that are remembered by name, oldest first; some that are forgotten may come before them. */
  readonly ledger: Iterable<{ readonly key: LedgerKey; readonly txId: number }>;
}

/**
 * Keeps what the apps of a backend are and do, beyond the life of the process. What it is told is safe some time
 * later: whoever is about to show any of it to a client does so in {@link whenSafe}, or after {@link flush}.
 */
export interface Keeper {
  /** What stays the same as long as what is kept, such as a secret; `make` gives it the first time. */
  lasting(name: string, make: () => string): string;
  /** Signs what this backend recognises as its own later, such as the addresses of files. */
  readonly signingKey: Uint8Array;
  /** The folder for the contents of files; undefined where nothing is kept. */
  readonly filesFolder: string | undefined;
  /** No transaction that was kept has a larger id. */
  readonly lastTxId: number;
  /** The apps that were kept. Each is to be read before the next is asked for, and all before anything is told. */
  apps(): Iterable<KeptApp>;
  appCreated(app: NewApp): void;
  appDeleted(appId: string): void;
  /** What is written to the streams of an app. It goes when the app is deleted. */
  streamContent(appId: string): StreamContent;
  committed(appId: string, commit: Commit): void;
  settingsChanged(appId: string, changed: Partial<AppSettings>): void;
  /**
   * Runs `action` when all that was told until now is safe: at once when it is already, else in the order of the
   * calls. Never, when it cannot be made safe.
   */
  whenSafe(action: () => void): void;
  /**
   * Makes all that was told until now safe.
   *
   * @throws {InstantNodeError} `storage` when it cannot, then and ever after.
   */
  flush(): void;
  /** Makes everything safe and lets go of what it is kept in. Nothing may be told afterwards. Repeatable. */
  close(): void;
}
