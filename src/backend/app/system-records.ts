import { labelOf } from '../../protocol/attr.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { ADMIN } from '../permissions/actor.ts';
import { type SystemEtype, systemAttrId } from '../store/system-attrs.ts';
import type { App } from './app.ts';

/** The app that records are read from. */
export type RecordSource = Pick<App, 'data'>;

/** An entity of a system namespace, with its values by label. */
export interface SystemRecord {
  readonly id: string;
  /** When it was created, in epoch milliseconds. */
  readonly createdAt: number;
  /** The values of attributes of cardinality one, where a link is the id of its target; nulls are left out. */
  readonly values: Readonly<Record<string, JsonValue>>;
}

/** Reads an entity of a namespace; undefined if it does not exist. */
export function readRecord({ data }: RecordSource, etype: SystemEtype, id: string): SystemRecord | undefined {
  const created = data.triples.entityAttr(id, systemAttrId(etype, 'id'))[0];
  if (!created) return undefined;
  const values = [...data.catalog.ofEtype(etype)].flatMap((attr): [string, JsonValue][] => {
    const v = attr.cardinality === 'one' ? data.triples.entityAttr(id, attr.id)[0]?.[2] : null;
    return v === undefined || v === null ? [] : [[labelOf(attr), v]];
  });
  // `fromEntries` instead of assignment: a label is arbitrary text, and assigning to "__proto__" would replace the
  // prototype.
  return { id, createdAt: created[3], values: Object.fromEntries(values) };
}

/** The entity of a namespace with a value under a label; the first, if there are several. */
export function findRecord(
  app: RecordSource,
  etype: SystemEtype,
  label: string,
  v: JsonValue,
): SystemRecord | undefined {
  const [triple] = app.data.triples.attrValue(systemAttrId(etype, label), v);
  return triple && readRecord(app, etype, triple[0]);
}

/** The entities of a namespace with a value under a label. */
export function recordsWith(
  app: RecordSource,
  etype: SystemEtype,
  label: string,
  v: JsonValue,
): SystemRecord[] {
  return app.data.triples
    .attrValue(systemAttrId(etype, label), v)
    .flatMap(([id]) => readRecord(app, etype, id) ?? []);
}

/** All entities of a namespace, in the order of their creation. */
export function allRecords(app: RecordSource, etype: SystemEtype): SystemRecord[] {
  return [...app.data.triples.attr(systemAttrId(etype, 'id'))].flatMap(
    ([id]) => readRecord(app, etype, id) ?? [],
  );
}

/** A value of a record, if it is a string. */
export function textOf({ values }: SystemRecord, label: string): string | undefined {
  const value = values[label];
  return typeof value === 'string' ? value : undefined;
}

/** The steps that write values of an entity of a namespace, including its id. Undefined values are skipped. */
export function stepsToPut(
  { data }: RecordSource,
  etype: SystemEtype,
  id: string,
  values: Readonly<Record<string, JsonValue | undefined>>,
): JsonValue[] {
  const steps: JsonValue[] = [['add-triple', id, systemAttrId(etype, 'id'), id]];
  for (const [label, v] of Object.entries(values)) {
    const attr = data.catalog.byForward(etype, label);
    if (!attr) throw new Error(`There is no ${etype}.${label}`);
    if (v !== undefined) steps.push(['add-triple', id, attr.id, v]);
  }
  return steps;
}

/** The step that deletes an entity of a namespace. */
export function stepToDelete(etype: SystemEtype, id: string): JsonValue {
  return ['delete-entity', id, etype];
}

/**
 * The steps that delete the entities of a namespace created before a time, in epoch milliseconds. The search starts at
 * the oldest, so a call that finds nothing is cheap no matter how many there are.
 */
export function stepsToSweep({ data }: RecordSource, etype: SystemEtype, before: number): JsonValue[] {
  const steps: JsonValue[] = [];
  for (const [id, , , createdAt] of data.triples.attr(systemAttrId(etype, 'id'))) {
    if (createdAt >= before) break;
    steps.push(stepToDelete(etype, id));
  }
  return steps;
}

/** Writes as the backend itself: no rules apply, and all columns are writable. */
export function write(app: Pick<App, 'transact'>, steps: JsonValue[], { inAnyStatus = false } = {}): void {
  if (steps.length > 0) app.transact({ steps, actor: ADMIN, system: true, inAnyStatus });
}
