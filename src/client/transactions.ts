import type { JsonValue } from '../protocol/json.ts';

/** A step of a transaction as it goes over the wire, e.g. `['add-triple', entityId, attributeId, value]`. */
export type TransactionStep = [op: string, ...args: JsonValue[]];

/** A write that the server has not confirmed yet. */
export interface PendingTransaction {
  /** The id under which it is known to both sides; `transact` resolves with the same. */
  eventId: string;
  /** When `transact` was called. */
  createdAt: Date;
  /** What it changes. */
  steps: readonly TransactionStep[];
  /**
   * Why it waits: `queued` until there is a session to send it over, `sent` while the server owes the answer. A write
   * whose connection was lost after it was sent is `queued` again, and is sent again.
   */
  state: 'queued' | 'sent';
}

/** A write that was refused after its promise had resolved as `enqueued`. */
export interface TransactionError {
  /** The id of the refused write. */
  eventId: string;
  /** What the server said. */
  message: string;
  /** The server's details, where it gave any. */
  hint?: unknown;
  /** The server's kind of error, e.g. `permission-denied`. */
  type?: string;
  /** What it would have changed. */
  steps: readonly TransactionStep[];
}

/** A write as core keeps it. */
export interface Mutation {
  op: 'transact';
  'tx-steps': TransactionStep[];
  created: number;
  order: number;
  error?: Error;
  'tx-id'?: number;
  confirmed?: number;
}

/** What core passes on about a refused write. */
export interface MutationError {
  message?: string;
  type?: string;
  status?: number;
  hint?: unknown;
  traceId?: string;
}
