import type { StoreInterfaceStoreName } from '@instantdb/core';
import { isObject } from '../../protocol/json.ts';

/** Whose session an answer came over: the user's id, or null for nobody. */
export type Owner = string | null;

/** The field in which a stored answer says whose it is. Answers of earlier versions have none. */
const OWNER = 'owner';
/** Core's own list of what a store holds. */
const META_KEY = '__meta';

/** Whether what a store keeps under `key` is an answer of the server, which is for the user who asked alone. */
export function isAnswer(store: StoreInterfaceStoreName, key: string): boolean {
  return store !== 'kv' && key !== META_KEY;
}

/** An answer with its owner, as it is stored. */
export function withOwner(answer: unknown, owner: Owner): unknown {
  return isObject(answer) ? { ...answer, [OWNER]: owner } : answer;
}

/** A stored answer as core keeps it; null for one that is somebody else's. */
export function answerFor(owner: Owner, stored: unknown): unknown {
  if (!isObject(stored) || !Object.hasOwn(stored, OWNER)) return stored;
  const { [OWNER]: by, ...answer } = stored;
  return by === owner ? answer : null;
}
