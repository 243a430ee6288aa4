import type { ProviderEgress } from '../auth/oauth/provider-egress.ts';
import type { EphemeralQuota } from '../ephemeral/quota.ts';
import type { RequestEntry } from '../options.ts';
import type { Newcomers } from '../session/newcomers.ts';
import type { FileStorage } from './file-storage.ts';
import type { Keeper } from './keeper.ts';
import type { Operator } from './operator.ts';

/** What the apps of one backend share, handed in so that none of them reaches for a clock or for chance. */
export interface BackendHost {
  /** The name of this server among those that could serve the same apps; here it is the only one. */
  readonly machineId: string;
  /** Who runs the backend. */
  readonly operator: Operator;
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
  /** How providers of identities are reached. */
  readonly providers: ProviderEgress;
  /** What the apps that anybody may make may take. */
  readonly ephemeral: EphemeralQuota;
  /** How long the next piece of a body may take, in milliseconds. */
  readonly bodyIdleMs: number;
  /** For how long live queries are run at a stretch, in milliseconds. */
  readonly sliceMs: number;
  /** The connections that have not been let in yet. */
  readonly newcomers: Newcomers;
  /** Is told of every event of a session; absent where nobody asked. */
  readonly onRequest?: ((entry: RequestEntry) => void) | undefined;
  /** Tells the operator something. */
  tell(message: string): void;
  /** Tells the operator what should be put right, and stops nothing. */
  warn(message: string): void;
  /** Tells the operator of a failure that is the backend's own. */
  report(doing: string, error: unknown): void;
}
