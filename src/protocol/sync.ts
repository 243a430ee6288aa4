import type { Triple } from './attr.ts';
import type { Answer, Down } from './envelope.ts';
import { validationFailed } from './error.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { count, flag, optional, required, uuid } from './params.ts';

/** Begins to sync a namespace. */
export interface StartSyncMessage {
  op: 'start-sync';
  q: JsonValue;
}

/** Resumes where an earlier session of the same client ended. */
export interface ResyncTableMessage {
  op: 'resync-table';
  subscriptionId: string;
  /** The last transaction that the client has. */
  txId: number;
  token: string;
}

/** Ends a sync. */
export interface RemoveSyncMessage {
  op: 'remove-sync';
  subscriptionId: string;
  /** Whether a later session will want to resume it. */
  keep: boolean;
}

/** What a client sends about sync tables. */
export type SyncMessage = StartSyncMessage | ResyncTableMessage | RemoveSyncMessage;

/** The operations on sync tables. */
export const SYNC_OPS = ['start-sync', 'remove-sync', 'resync-table'] as const;

/** A change of one triple. A replaced value is a removal and an addition. */
export interface SyncChange {
  action: 'added' | 'removed';
  triple: Triple;
}

/** What one transaction changed in a synced namespace. */
export interface SyncTransaction {
  'tx-id': number;
  changes: SyncChange[];
}

/** The sync has begun; batches follow. */
export interface StartSyncOk extends Answer<'start-sync-ok'> {
  q: JsonValue;
  'subscription-id': string;
  /** Must be presented to resume the sync later. */
  token: string;
}

/** A part of the namespace's content: the triples of some entities, one array per entity. */
export interface SyncLoadBatch extends Down<'sync-load-batch'> {
  'subscription-id': string;
  'join-rows': Triple[][];
}

/** That was the last batch; together they show the namespace as of this transaction. */
export interface SyncInitFinish extends Down<'sync-init-finish'> {
  'subscription-id': string;
  'tx-id': number;
}

/** What later transactions changed. */
export interface SyncUpdateTriples extends Down<'sync-update-triples'> {
  'subscription-id': string;
  txes: SyncTransaction[];
}

/** What a server sends about sync tables. */
export type SyncDownMessage = StartSyncOk | SyncLoadBatch | SyncInitFinish | SyncUpdateTriples;

/**
 * The fields of an event on a sync table, checked.
 *
 * @throws {ServerError} when a field is missing or invalid.
 */
export function parseSyncMessage(op: SyncMessage['op'], event: JsonObject): SyncMessage {
  switch (op) {
    case 'start-sync': {
      const q = event.q ?? null;
      if (q === null) throw validationFailed('start-sync', { q }, [{ message: 'Query can not be null.' }]);
      return { op, q };
    }
    case 'remove-sync':
      return {
        op,
        subscriptionId: required(event, 'subscription-id', uuid),
        keep: optional(event, 'keep-subscription', flag) ?? false,
      };
    case 'resync-table':
      return {
        op,
        txId: required(event, 'tx-id', count),
        subscriptionId: required(event, 'subscription-id', uuid),
        token: required(event, 'token', uuid),
      };
  }
}
