import { type Attr, etypeOf, labelOf, type Triple } from '../../protocol/attr.ts';
import { ServerError } from '../../protocol/error.ts';
import { isObject, type JsonValue, jsonTypeOf } from '../../protocol/json.ts';
import { ADMIN } from '../permissions/actor.ts';
import { checkValue } from '../transact/check-value.ts';
import { entitiesWithoutNulls } from '../transact/null-triples.ts';
import type { InvalidTriple, JobFailure } from './job.ts';
import type { SchemaApp } from './schema-app.ts';
import type { JobTarget, JobType } from './schema-step.ts';

const MAX_SAMPLES = 10;

/** Performs a job. Returns what prevented it, in which case nothing has changed. */
export function changeAttr(app: SchemaApp, type: JobType, target: JobTarget): JobFailure | undefined {
  const attr = app.data.catalog.byId(target['attr-id']);
  if (!attr || attr.catalog === 'system') return { error: 'invalid-attr-state-error' };
  switch (type) {
    case 'index':
      return update(app, attr, { 'index?': true }) ?? fillNulls(app, attr);
    case 'remove-index':
      return update(app, attr, { 'index?': false });
    case 'unique':
    case 'remove-unique':
      return update(app, attr, { 'unique?': type === 'unique' });
    case 'required':
      return gaps(app, attr) ?? update(app, attr, { 'required?': true });
    case 'remove-required':
      return update(app, attr, { 'required?': false });
    case 'check-data-type':
      return checkType(app, attr, target['checked-data-type']);
    case 'remove-data-type':
      return setType(app, attr, undefined);
  }
}

/** Changes an attribute through the transaction engine, which checks the stored values. */
function update(app: SchemaApp, attr: Attr, flags: Partial<Attr>): JobFailure | undefined {
  // An update that omits the cascades would remove them.
  const { id, 'on-delete': onDelete, 'on-delete-reverse': onDeleteReverse } = attr;
  const change = {
    id,
    'on-delete': onDelete ?? null,
    'on-delete-reverse': onDeleteReverse ?? null,
    ...flags,
  };
  try {
    app.transact({ steps: [['update-attr', change]], actor: ADMIN });
    return undefined;
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    return failureOf(app, attr, error);
  }
}

/** Adds null triples to entities without a value: no transaction step does that, only a job and adding an attribute. */
function fillNulls(app: SchemaApp, { id }: Attr): undefined {
  const attr = app.data.catalog.byId(id);
  const entities = attr ? entitiesWithoutNulls(app.data, attr) : [];
  const now = app.host.now();
  if (entities.length > 0) app.load({ attrs: [], triples: entities.map((e): Triple => [e, id, null, now]) });
}

function failureOf({ data }: SchemaApp, attr: Attr, { type, hint }: ServerError): JobFailure {
  const details = isObject(hint) ? hint : {};
  if (type === 'record-not-unique' && typeof details.value === 'string') {
    const value = JSON.parse(details.value) as JsonValue;
    return {
      error: 'triple-not-unique-error',
      invalid_unique_value: value,
      invalid_triples_sample: samples(data.triples.attrValue(attr.id, value)),
    };
  }
  if (details['value-too-large?'] === true) {
    const triples = data.triples.entityAttr(String(details['entity-id']), attr.id);
    return { error: 'triple-too-large-error', invalid_triples_sample: samples(triples) };
  }
  return { error: 'unexpected-error' };
}

/** The failure for entities without a value. */
function gaps({ data }: SchemaApp, attr: Attr): JobFailure | undefined {
  const etype = etypeOf(attr);
  const idAttr = data.catalog.byForward(etype, 'id');
  const error = 'missing-required-error';
  if (!idAttr) return { error, error_data: { 'attr-id': attr.id, etype } };
  const missing: string[] = [];
  for (const [e] of data.triples.attr(idAttr.id)) {
    if (!data.triples.entityAttr(e, attr.id).some(([, , v]) => v !== null)) missing.push(e);
  }
  if (missing.length === 0) return undefined;
  const ids = missing.slice(0, MAX_SAMPLES);
  return {
    error,
    error_data: { count: missing.length, etype, label: labelOf(attr), 'entity-ids': ids },
    invalid_triples_sample: ids.map((e) => ({ entity_id: e, value: null, json_type: 'null' })),
  };
}

function checkType(app: SchemaApp, attr: Attr, type: Attr['checked-data-type']): JobFailure | undefined {
  const checked = { ...attr, ...(type && { 'checked-data-type': type }) };
  const invalid: Triple[] = [];
  for (const triple of app.data.triples.attr(attr.id)) {
    if (!isValid(checked, triple)) invalid.push(triple);
    if (invalid.length === MAX_SAMPLES) break;
  }
  if (invalid.length > 0) return { error: 'invalid-triple-error', invalid_triples_sample: samples(invalid) };
  return setType(app, attr, type);
}

function isValid(attr: Attr, [e, , v]: Triple): boolean {
  try {
    checkValue(attr, e, v);
    return true;
  } catch (error) {
    if (error instanceof ServerError) return false;
    throw error;
  }
}

/** No transaction step sets the type of an attribute: only a job may change it. */
function setType(app: SchemaApp, attr: Attr, type: Attr['checked-data-type']): undefined {
  const { 'checked-data-type': _, ...rest } = attr;
  app.assertWritable();
  app.load({ attrs: [{ ...rest, ...(type && { 'checked-data-type': type }) }], triples: [] });
}

function samples(triples: readonly Triple[]): InvalidTriple[] {
  return triples
    .slice(0, MAX_SAMPLES)
    .map(([e, , v]) => ({ entity_id: e, value: v, json_type: jsonTypeOf(v) }));
}
