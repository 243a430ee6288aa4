import { ServerError } from '../../protocol/error.ts';
import type { JsonObject } from '../../protocol/json.ts';

const MAX_NAME_LENGTH = 40;

/** The name of an event in the request log. */
export function eventName(event: JsonObject | null): string {
  const op = event?.op;
  return typeof op === 'string' && /^[a-z-]+$/.test(op) ? op.slice(0, MAX_NAME_LENGTH) : 'malformed event';
}

/** The outcome of an event: `ok`, or the kind of failure. */
export function outcomeOf(failure: unknown): string {
  if (failure === undefined) return 'ok';
  return failure instanceof ServerError ? failure.type : 'internal error';
}
