import type { BatchLimit } from '../../drivers/contract.ts';
import { Json, type RecordChange } from './record-store.ts';

/** What goes to the storage in one call, and the states that it is made from. */
export interface Piece<State> {
  readonly states: ReadonlyMap<string, State>;
  readonly changes: readonly RecordChange[];
}

/**
 * Takes the first of the queue's records off `states`, as many as go to the storage in one call; undefined when there
 * are none. No record is split, and one that JSON cannot hold goes alone, so that no other fails with it.
 */
export function takePiece<State>(
  states: Map<string, State>,
  limit: BatchLimit | undefined,
): Piece<State> | undefined {
  const taken = new Map<string, State>();
  const changes: RecordChange[] = [];
  let bytes = 0;
  for (const [eventId, state] of states) {
    const value = limit && state !== undefined ? jsonOf(state) : undefined;
    if (limit) {
      const size = eventId.length + (value ? Buffer.byteLength(value.text) : 0);
      const isAlone = state !== undefined && value === undefined;
      bytes += isAlone ? Number.POSITIVE_INFINITY : size;
      if (taken.size > 0 && (taken.size >= limit.records || bytes > limit.bytes)) break;
    }
    taken.set(eventId, state);
    changes.push(['writes', eventId, value ?? state]);
  }
  for (const eventId of taken.keys()) states.delete(eventId);
  return taken.size > 0 ? { states: taken, changes } : undefined;
}

function jsonOf(state: unknown): Json | undefined {
  try {
    return new Json(JSON.stringify(state));
  } catch {
    return undefined;
  }
}
