import { isObject } from '../../protocol/json.ts';
import type { TransactionAuthor } from '../transactions/author.ts';
import type { AuthoredWrite } from '../transactions/pending-write.ts';
import { bytesOf } from '../transactions/step-bytes.ts';
import type { StepPool } from '../transactions/step-pool.ts';
import type { Mutation } from '../transactions/transactions.ts';

/** The author of a write, as it is stored. */
export interface StoredAuthor {
  /** The id of the user, or null for none. */
  user: string | null;
  /** Whether it was made with an admin token. Earlier versions did not say, and are taken to have had none. */
  admin?: true;
}

/** A pending write as it is stored: with its author, once that is known, since no other author may send it. */
export interface StoredWrite extends Mutation, Partial<StoredAuthor> {}

/** Whether a value from the storage can be used as a pending write. */
export function isStoredWrite(value: unknown): value is StoredWrite {
  return isObject(value) && Array.isArray(value['tx-steps']) && typeof value.order === 'number';
}

/** Converts an author to its stored form. */
export function storedAuthor({ userId: user, isAdmin }: TransactionAuthor): StoredAuthor {
  return isAdmin ? { user, admin: true } : { user };
}

/** Converts a stored write to what the queue takes. Shares its steps with equal ones of `pool`. */
export function authoredWrite(eventId: string, write: StoredWrite, pool: StepPool): AuthoredWrite {
  const { user = null, admin = false } = write;
  const author = { userId: user, isAdmin: admin };
  const mutation = pool.share(withoutAuthor(write));
  // Here and not when it is asked for: writes are read some at a time, and put into the queue all at once.
  bytesOf(mutation);
  return { eventId, mutation, author };
}

// Omitting fields by `...rest` takes five times as long, which shows with a hundred thousand writes.
function withoutAuthor(write: StoredWrite): Mutation {
  const entries = Object.entries(write).filter(([name]) => name !== 'user' && name !== 'admin');
  return Object.fromEntries(entries) as unknown as Mutation;
}
