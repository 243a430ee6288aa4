/** What every entry exports besides core's names and its own `init`. */

export type {
  NetworkListenerClass,
  NetworkOption,
  NetworkOptions,
} from '../drivers/network/network-config.ts';
export type * from '../drivers/storage/kinds/option-types.ts';
export {
  InstantNodeError,
  type InstantNodeErrorCode,
  type InstantNodeErrorOptions,
  isInstantNodeError,
  type WriteOutcome,
} from '../errors.ts';
export { nodeVersion } from '../version.ts';
export type { ConnectionConfig, ConnectionTls } from './config/connection-config.ts';
export type { NodeConfig } from './config/node-config.ts';
export type { ConnectionInfo } from './connection/connection-info.ts';
export type { ConnectionPhase } from './connection/connection-state.ts';
export { InstantNodeDatabase, type WatchedResult } from './database.ts';
export type {
  ConnectionDiagnostics,
  ConnectionProbeDiagnostics,
  ConnectionStateDiagnostics,
  ConnectTrace,
  DiagnosticsChannels,
  DiagnosticsConnectionState,
  DiagnosticsError,
  DiagnosticsPlace,
  DiagnosticsQuery,
  DiagnosticsTrace,
  DiagnosticsTraces,
  DiagnosticsTransport,
  FirstAnswerTrace,
  QueryAnswerDiagnostics,
  QueryDiagnostics,
  QueryFailureDiagnostics,
  QueryOnceTrace,
  StorageDiagnostics,
  StorageWriteTrace,
  TransactionDiagnostics,
  TransactTrace,
} from './diagnostics/channel-payloads.ts';
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
