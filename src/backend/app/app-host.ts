import type { EphemeralQuota } from '../ephemeral/quota.ts';
import type { FileStorage } from './file-storage.ts';
import type { Keeper } from './keeper.ts';

/** What the apps of one backend share, handed in so that none of them reaches for a clock or for chance. */
export interface AppHost {
  /** The name of this server among those that could serve the same apps; here it is the only one. */
  readonly machineId: string;
  /** The time in epoch milliseconds. */
  now(): number;
  /** A UUID that was never given before. */
  newId(): string;
  /** The id of the next transaction, over all apps: each call gives a larger one. */
  nextTxId(): number;
  /** A random integer from 0 to below `limit`, that nobody can foretell. */
  randomInt(limit: number): number;
  /** Keeps what the apps are and do, see {@link Keeper}. */
  readonly keeper: Keeper;
  /** Where the contents of files are. */
  readonly files: FileStorage;
  /** What the apps that anybody may make may take. */
  readonly ephemeral: EphemeralQuota;
  /** For how long live queries are run at a stretch, in milliseconds. */
  readonly sliceMs: number;
  /** Tells the operator something. */
  tell(message: string): void;
  /** Tells the operator what should be put right, and stops nothing. */
  warn(message: string): void;
  /** Tells the operator of a failure that is the backend's own. */
  report(doing: string, error: unknown): void;
}
