import { InstantError } from '@instantdb/core';
import type { WriteOutcome } from '../../errors.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { ServerRefusalCode } from '../refusals/server-refusal.ts';
import { asJson } from '../values/sendable.ts';
import type { TransactionAuthor } from './author.ts';
import { type Measured, measured, measuredAs } from './step-bytes.ts';

/** A step of a transaction as it goes over the wire, e.g. `['add-triple', entityId, attributeId, value]`. */
export type TransactionStep = [op: string, ...args: JsonValue[]];

/** A write that the server has not confirmed yet: one on its way, or one that waits for its author. */
export type PendingTransaction = OwnTransaction | ForeignTransaction;

/** What every unconfirmed write has. */
interface UnconfirmedTransaction {
  /** The id by which both sides know it; `transact` resolves with the same. */
  eventId: string;
  /** When `transact` was called. */
  createdAt: Date;
  /** What it changes. */
  steps: readonly TransactionStep[];
  /** Why it waits, as a sentence for people to read. */
  reason: string;
}

/** A write of the database's current author. */
export interface OwnTransaction extends UnconfirmedTransaction {
  /**
   * Its state:
   *
   * - `queued`: not sent yet, because there is no session or other writes come first.
   * - `sent`: the server owes the answer.
   * - `unknown`: sent, but the connection was lost before the answer. The server may or may not have it; it is sent
   *   again, under the same id. After a restart such a write is `queued`.
   * - `stuck`: it holds up nothing, and waits for better days. Either the server refused it for a reason that may pass,
   *   after its promise had resolved as `enqueued`: it is sent again with the next session. Or the connection ended
   *   twice, with a close code that blames what was sent (1002, 1007, 1008, 1009, 1011), while the server owed the answer
   *   to this write first, the second time to this write alone: it is tried again last and alone, once in each session
   *   but the one that follows such a try. Or the server has ended the connection for a write no larger than this one:
   *   it is not sent again before the server takes one of that size. `retryTransaction()` sends each of them at once,
   *   `discardTransaction()` gives it up.
   *
   * Writes that come after one of the last two kinds and share an entity, a lookup, the target of a link or a new
   * attribute with it stay behind it, in order, and are `queued` or `unknown`; their `reason` names it. After a restart a
   * write is not stuck: whether it is has to be found out anew.
   */
  state: 'queued' | 'sent' | 'unknown' | 'stuck';
}

/**
 * A write of another user, or of a session with other rights, acknowledged as `enqueued` in this process or an earlier
 * one. No live query shows it. It is sent when its author has the database again; `discardTransaction()` discards it.
 */
export interface ForeignTransaction extends UnconfirmedTransaction {
  /** It waits for its author. */
  state: 'foreign';
  /** Who made it. */
  author: TransactionAuthor;
}

/** How the server ended a connection. */
export interface ConnectionEnd {
  /** The close code of the WebSocket. */
  readonly code: number;
  /** What the server said with it; empty if nothing. */
  readonly reason: string;
}

/** A write that was refused after its promise had resolved as `enqueued`, by this process or an earlier one. */
export interface TransactionError {
  /** The id of the refused write. */
  eventId: string;
  /** What the server said. */
  message: string;
  /** The server's details, where it gave any. */
  hint?: unknown;
  /**
   * The server's error type, e.g. `permission-denied`, or one of these:
   *
   * - `user-changed`: another user has signed in, or has the database of an earlier process. The write is kept, and
   *   sent when its author is back.
   * - `closed`: the database was closed before the write was delivered, and had kept it only in memory.
   * - `connection-failed`: the server refuses the session, and the write is kept only in memory until it accepts one.
   * - `storage-locked`: another process took over the storage before the write was in it (with `durability:
   *   'relaxed'`).
   * - `stuck`: the connection ended twice while the server was to answer this write, see {@link OwnTransaction.state}; or
   *   it is as large as one that ended the connection. The write is kept.
   */
  type?: string;
  /** The reason, if it is one that programs respond to; see {@link ServerRefusal}. */
  code?: ServerRefusalCode;
  /** The HTTP status of the server's refusal, such as 400; undefined when it was not the server that refused. */
  status?: number;
  /** How the connection ended the second time, for a write that is `stuck` because of that. */
  connectionEnd?: ConnectionEnd;
  /** What became of the write, when it was not the server that refused it. */
  outcome?: WriteOutcome;
  /** What it would have changed. */
  steps: readonly TransactionStep[];
  /**
   * Whether it still waits (see {@link PendingTransaction}): the server was too busy or too slow, the app is read-only,
   * there is no session to send it over, the connection does not survive it, or it is another author's. Otherwise it is gone, and its local change is taken
   * back, unless its `outcome` is unknown.
   */
  isKept: boolean;
}

/** A write as core keeps it. */
export interface Mutation {
  op: 'transact';
  'tx-steps': TransactionStep[];
  created: number;
  order: number;
  error?: Error;
  'tx-id'?: number;
  /** When the server confirmed it, in milliseconds of `performance.now()`. */
  confirmed?: number;
  [measured]?: Measured;
}

/** What core passes on about a refused write. */
export interface MutationError {
  message?: string;
  type?: string;
  status?: number;
  hint?: unknown;
  traceId?: string;
}

/** Why a write can be neither sent nor kept, found out before it is queued; how long it is when it can. */
export function whyUnsendable(
  steps: TransactionStep[],
  error: Error | undefined,
): Pick<Mutation, 'error' | typeof measured> {
  if (error) return { error };
  const part = asJson(steps);
  if ('problem' in part) {
    return { error: new InstantError(`Cannot write what JSON cannot hold: ${part.problem}`) };
  }
  return { [measured]: measuredAs(steps, part.json) };
}
