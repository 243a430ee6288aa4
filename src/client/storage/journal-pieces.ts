import type { BatchLimit } from '../../drivers/contract.ts';
import { Json, type RecordChange } from './records.ts';

/**
 * Cuts what is to be saved of the queue into what goes to the storage in one call, in its order. No record is cut, and one
 * that JSON cannot hold is alone, so that it costs no other.
 */
export function* piecesOf(
  states: ReadonlyMap<string, unknown>,
  limit: BatchLimit | undefined,
): Generator<readonly RecordChange[]> {
  if (!limit) {
    yield [...states].map(([eventId, state]) => ['writes', eventId, state] as const);
    return;
  }
  let piece: RecordChange[] = [];
  let bytes = 0;
  for (const [eventId, state] of states) {
    const value = state === undefined ? undefined : jsonOf(state);
    const size = eventId.length + (value ? Buffer.byteLength(value.text) : 0);
    const isAlone = state !== undefined && value === undefined;
    if (piece.length > 0 && (isAlone || piece.length >= limit.records || bytes + size > limit.bytes)) {
      yield piece;
      piece = [];
      bytes = 0;
    }
    piece.push(['writes', eventId, value ?? state]);
    bytes += isAlone ? Number.POSITIVE_INFINITY : size;
  }
  if (piece.length > 0) yield piece;
}

function jsonOf(state: unknown): Json | undefined {
  try {
    return new Json(JSON.stringify(state));
  } catch {
    return undefined;
  }
}
