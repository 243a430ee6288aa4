/** What every entry exports besides core's names and its own `init`. */

export type { NetworkListenerClass } from '../drivers/contract.ts';
export type * from '../drivers/storage/kinds/option-types.ts';
export {
  InstantNodeError,
  type InstantNodeErrorCode,
  type InstantNodeErrorOptions,
  isInstantNodeError,
  type WriteOutcome,
} from '../errors.ts';
export { nodeVersion } from '../version.ts';
export type { NodeConfig } from './config/node-config.ts';
export { InstantNodeDatabase, type WatchedResult } from './database.ts';
export type { Init } from './init.ts';
export type { QueryOnceOptions } from './queries/query-once.ts';
export {
  isServerRefusal,
  type ServerRefusal,
  type ServerRefusalCode,
  type ServerRefusalType,
} from './refusals/server-refusal.ts';
export type { AnySchema } from './schema/any-schema.ts';
export type { DatabaseStats } from './stats.ts';
export type { EncryptionKey, EncryptionKeyOption } from './storage/keyring-input.ts';
export type { TransactionAuthor } from './transactions/author.ts';
export type {
  ConnectionEnd,
  ForeignTransaction,
  OwnTransaction,
  PendingTransaction,
  TransactionError,
  TransactionStep,
} from './transactions/transactions.ts';
