import { etypeOf, labelOf } from '../../protocol/attr.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { ADMIN } from '../permissions/actor.ts';
import { systemAttrId } from '../store/system-attrs.ts';
import type { StreamApp } from './stream-app.ts';
import { stepsToFile } from './stream-file.ts';

/** A stream as an entity of the app. */
export interface StreamEntity {
  readonly id: string;
  readonly clientId: string;
  readonly done: boolean;
  readonly abortReason: string | undefined;
  readonly hashedReconnectToken: string | undefined;
  /** Every value of cardinality one by label, as permission rules see it. */
  readonly values: JsonObject;
}

/** The id of a system attribute of streams. */
export function streamAttr(label: string): string {
  return systemAttrId('$streams', label);
}

/** The stream with this id, or with this client id. */
export function findStream(
  app: StreamApp,
  { streamId, clientId }: { streamId?: string | undefined; clientId?: string | undefined },
): StreamEntity | undefined {
  const { triples } = app.data;
  const id = streamId ?? (clientId && triples.attrValue(streamAttr('clientId'), clientId)[0]?.[0]);
  return id && triples.exists(id, '$streams') ? asEntity(id, valuesOf(app, id)) : undefined;
}

/**
 * Creates the entity of a new stream.
 *
 * @throws {ServerError} when the app may not be written.
 */
export function createStream(
  app: StreamApp,
  named: { clientId: string; hashedReconnectToken: string },
): StreamEntity {
  const id = app.host.newId();
  const values = { id, ...named, machineId: app.host.machineId };
  write(app, id, values);
  return asEntity(id, values);
}

/**
 * Marks the entity of a stream as ended, and adds its file.
 *
 * @throws {ServerError} when the app may not be written.
 */
export function finishStream(
  app: StreamApp,
  id: string,
  size: number,
  abortReason: string | undefined,
): void {
  const values = { done: true, size, ...(abortReason === undefined ? {} : { abortReason }) };
  write(app, id, values, stepsToFile(app, id, size));
}

function asEntity(id: string, values: JsonObject): StreamEntity {
  return {
    id,
    clientId: asText(values.clientId) ?? '',
    done: values.done === true,
    abortReason: asText(values.abortReason),
    hashedReconnectToken: asText(values.hashedReconnectToken),
    values,
  };
}

function write(
  app: StreamApp,
  id: string,
  values: Record<string, JsonValue>,
  more: readonly JsonValue[] = [],
): void {
  const steps = Object.entries(values).map(([label, value]) => ['add-triple', id, streamAttr(label), value]);
  app.transact({ steps: [...steps, ...more], actor: ADMIN, system: true });
}

function valuesOf({ data: { catalog, triples } }: StreamApp, id: string): JsonObject {
  const entries = triples.attrsOf(id).flatMap((attrId): [string, JsonValue][] => {
    const attr = catalog.byId(attrId);
    if (attr?.cardinality !== 'one' || etypeOf(attr) !== '$streams') return [];
    return triples.entityAttr(id, attrId).map(([, , value]) => [labelOf(attr), value]);
  });
  return Object.fromEntries(entries);
}

function asText(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
