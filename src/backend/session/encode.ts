import { type AppRow, type AppStatus, type DownMessage, isnOf } from '../../protocol/down.ts';
import { ServerError } from '../../protocol/error.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import type { QueryResult } from '../app/live-query.ts';
import type { Actor } from '../permissions/actor.ts';

/** The `client-event-id` of an event, as sent by the client. */
export type EventId = JsonValue | undefined;

// Results and attribute lists are kept as JSON text and inserted into messages unchanged, so that what many sessions
// receive is encoded only once.

/** A message as text. */
export function encode(message: DownMessage): string {
  return JSON.stringify(message);
}

/** An `init-ok` around an attribute list that is already JSON text. */
export function encodeInitOk(details: {
  sessionId: string;
  app: AppRow;
  actor: Actor;
  status: AppStatus;
  attrs: string;
  id: EventId;
}): string {
  const rest = JSON.stringify({
    'session-id': details.sessionId,
    auth: { app: details.app, user: details.actor.user, 'admin?': details.actor.admin },
    'app-status': { status: details.status },
    'client-event-id': details.id,
    'trace-id': null,
  });
  return `{"op":"init-ok","attrs":${details.attrs},${rest.slice(1)}`;
}

/** An `add-query-ok` around a result that is already JSON text. */
export function encodeAddQueryOk(
  answer: QueryResult,
  details: { q: JsonValue; txId: number; id: EventId },
): string {
  const rest = JSON.stringify({
    q: details.q,
    'processed-tx-id': details.txId,
    'processed-isn': isnOf(details.txId),
    'client-event-id': details.id,
    'trace-id': null,
  });
  return `{"op":"add-query-ok","result":${answer.result},"result-meta":${answer.meta},${rest.slice(1)}`;
}

/** A `refresh-ok` of encoded computations; `attrs` is the encoded attribute list, if it has to be included. */
export function encodeRefreshOk(
  txId: number,
  computations: readonly string[],
  attrs: string | undefined,
): string {
  const stamps = `"processed-tx-id":${txId},"processed-isn":${JSON.stringify(isnOf(txId))}`;
  const list = attrs === undefined ? '' : `,"attrs":${attrs}`;
  return `{"op":"refresh-ok",${stamps},"computations":[${computations.join(',')}]${list},"trace-id":null}`;
}

/** An `error` for a failed event. `original` is null if what was received is not an event. */
export function encodeError(error: unknown, original: JsonObject | null): string {
  const known = error instanceof ServerError ? error : undefined;
  const clientEventId = original?.['client-event-id'];
  return encode({
    op: 'error',
    status: known?.status ?? 500,
    ...(clientEventId === undefined ? {} : { 'client-event-id': clientEventId }),
    'original-event': original,
    ...(known ? { type: known.type } : {}),
    message: known?.message ?? 'Yikes, something broke on our end! Sorry about that.',
    hint: known?.hint ?? null,
    'trace-id': null,
  });
}
