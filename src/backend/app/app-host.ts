import type { EphemeralQuota } from '../ephemeral/quota.ts';
import type { AppPersistence } from './app-persistence.ts';
import type { FileStorage } from './file-storage.ts';

/** What the apps of one backend share. It is injected, so that no app reaches for a clock or randomness of its own. */
export interface AppHost {
  /** Names this server among those that could serve the same apps; a local backend is the only one. */
  readonly machineId: string;
  /** The time in epoch milliseconds. */
  now(): number;
  /** A new UUID. */
  newId(): string;
  /** The id of the next transaction across all apps: each call returns a larger one. */
  nextTxId(): number;
  /** An unpredictable integer from 0 up to but excluding `limit`. */
  randomInt(limit: number): number;
  /** Persists the apps and their transactions, see {@link AppPersistence}. */
  readonly persistence: AppPersistence;
  /** Where file contents are stored. */
  readonly files: FileStorage;
  /** The quota shared by all ephemeral apps. */
  readonly ephemeral: EphemeralQuota;
  /** How long live queries run in one go, in milliseconds. */
  readonly sliceMs: number;
  /** Logs something for the operator. */
  tell(message: string): void;
  /** Logs something the operator should fix but that stops nothing. */
  warn(message: string): void;
  /** Logs a failure of the backend itself. */
  report(doing: string, error: unknown): void;
}
