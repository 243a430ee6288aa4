import { isObject } from '../../protocol/json.ts';
import { getOwn } from './own.ts';

/**
 * What each of the others in a room shows, by session id: undefined for one of whom the server says nothing. Values
 * are replaced and never changed, because subscribers hold them.
 */
export type Peers = ReadonlyMap<string, unknown>;

/** What the entry of a session shows. */
export function shownIn(entry: unknown): unknown {
  return getOwn(entry, 'data');
}

/** The others of a whole room, as a server tells it. */
export function peersOf(room: object, sessionId: string): Peers {
  const others = Object.entries(room).filter(([id]) => id !== sessionId);
  return new Map(others.map(([id, entry]) => [id, isObject(entry) ? shownIn(entry) : undefined]));
}
