import type { TransactionAuthor } from './author.ts';
import type { Mutation } from './transactions.ts';

/** A pending write under its id. */
export type WriteEntry = readonly [eventId: string, mutation: Mutation];

/** A pending write with its author. */
export interface AuthoredWrite {
  readonly eventId: string;
  readonly mutation: Mutation;
  readonly author: TransactionAuthor;
}
