/** What every entry exports beside core's names and its own `init`. */

export type { NetworkListenerClass } from '../drivers/contract.ts';
export {
  InstantNodeError,
  type InstantNodeErrorCode,
  type InstantNodeErrorOptions,
  isInstantNodeError,
} from '../errors.ts';
export { nodeVersion } from '../version.ts';
export type { NodeConfig } from './config.ts';
export { InstantNodeDatabase, type WatchedResult } from './database.ts';
export type { Init } from './init.ts';
export type { AnySchema } from './schema.ts';
export type { DatabaseStats } from './stats.ts';
export type { PendingTransaction, TransactionError, TransactionStep } from './transactions.ts';
