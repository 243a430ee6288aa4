import { InstantNodeError } from '../../errors.ts';
import { describeAuthor, type TransactionAuthor } from '../transactions/author.ts';
import type { AuthoredWrite } from '../transactions/pending-write.ts';
import type { PendingTransaction, TransactionError } from '../transactions/transactions.ts';

/** A write of another author, as `pendingTransactions()` shows it. */
export function foreignTransaction({ eventId, mutation, author }: AuthoredWrite): PendingTransaction {
  return {
    eventId,
    createdAt: new Date(mutation.created),
    steps: mutation['tx-steps'],
    state: 'foreign',
    reason: `${madeBy(author)}: it is sent when they are back`,
    author,
  };
}

/** What is reported of a write when its author leaves, or is found to have left. Nothing is lost. */
export function foreignError({ eventId, mutation, author }: AuthoredWrite): TransactionError {
  const message = `${madeBy(author)}: it is kept, and sent when they are back`;
  return { eventId, steps: mutation['tx-steps'], message, type: 'user-changed', isKept: true };
}

/** Why a write of another author cannot be sent now. */
export function notTheirs({ eventId, author }: AuthoredWrite): InstantNodeError {
  const message = `Cannot retry transaction "${eventId}": it was made by ${describeAuthor(author)}`;
  const hint = 'It is sent when they are back; discardTransaction() gives it up';
  return new InstantNodeError('not-pending', message, { hint });
}

function madeBy(author: TransactionAuthor): string {
  return `Made by ${describeAuthor(author)}`;
}
