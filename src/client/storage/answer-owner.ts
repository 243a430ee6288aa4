import type { StoreInterfaceStoreName } from '@instantdb/core';
import { isObject } from '../../protocol/json.ts';
import { isSameAuthor, type TransactionAuthor } from '../transactions/author.ts';

/** The author over whose session an answer came. */
export type Owner = TransactionAuthor;

/** An owner in stored form: without an admin token just the user, as earlier versions wrote it. */
type StoredOwner = string | null | { user: string | null; admin: true };

/** The field in which a stored answer says whose it is. Answers of earlier versions have none. */
const OWNER = 'owner';
/** Core's own list of what a store holds. */
const META_KEY = '__meta';

/** Whether what a store keeps under `key` is an answer of the server, meant only for the user who asked. */
export function isAnswer(store: StoreInterfaceStoreName, key: string): boolean {
  return store !== 'kv' && key !== META_KEY;
}

/** An answer with its owner, as it is stored. */
export function withOwner(answer: unknown, { userId, isAdmin }: Owner): unknown {
  const owner: StoredOwner = isAdmin ? { user: userId, admin: true } : userId;
  return isObject(answer) ? { ...answer, [OWNER]: owner } : answer;
}

/** A stored answer as core keeps it; null for another author's. */
export function answerFor(owner: Owner, stored: unknown): unknown {
  if (!isObject(stored) || !Object.hasOwn(stored, OWNER)) return stored;
  const { [OWNER]: by, ...answer } = stored;
  return isSameAuthor(ownerOf(by as StoredOwner), owner) ? answer : null;
}

function ownerOf(stored: StoredOwner): Owner {
  if (isObject(stored)) return { userId: stored.user as string | null, isAdmin: true };
  return { userId: stored as string | null, isAdmin: false };
}
