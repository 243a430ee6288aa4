import { isObject } from '../../protocol/json.ts';
import { getOwn } from './own.ts';

/**
 * The presence of each peer in a room, by session id; undefined for a peer of which the server says nothing. Values are
 * replaced and never changed, because subscribers hold them.
 */
export type Peers = ReadonlyMap<string, unknown>;

/** The presence in a session's entry. */
export function shownIn(entry: unknown): unknown {
  return getOwn(entry, 'data');
}

/** The peers in a room, from the server's state of all of it. */
export function peersOf(room: object, sessionId: string): Peers {
  const others = Object.entries(room).filter(([id]) => id !== sessionId);
  return new Map(others.map(([id, entry]) => [id, isObject(entry) ? shownIn(entry) : undefined]));
}
