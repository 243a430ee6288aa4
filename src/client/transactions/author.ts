/** Who made a write, and with what rights: no other author may send it. */
export interface TransactionAuthor {
  /** The id of the user who was signed in, or null when nobody was. A guest who becomes a user keeps their id. */
  readonly userId: string | null;
  /** Whether the database was opened with an `adminToken`, whichever it was. */
  readonly isAdmin: boolean;
}

/** Whether both are the same author. */
export function isSameAuthor(one: TransactionAuthor, other: TransactionAuthor): boolean {
  return one.userId === other.userId && one.isAdmin === other.isAdmin;
}

/** An author, as messages describe them. */
export function describeAuthor({ userId, isAdmin }: TransactionAuthor): string {
  const user = userId === null ? undefined : `user ${JSON.stringify(userId)}`;
  if (isAdmin) return user === undefined ? 'somebody with the admin token' : `${user} with the admin token`;
  return user ?? 'somebody without a user';
}
