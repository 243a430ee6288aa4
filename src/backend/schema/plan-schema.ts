import { type Attr, labelOf } from '../../protocol/attr.ts';
import { type ValidationIssue, validationFailed } from '../../protocol/error.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import { type AttrShape, shapesOf } from './attr-shape.ts';
import type { Definitions } from './definitions.ts';
import { planIssues } from './plan-issues.ts';
import { pushIssues } from './push-issues.ts';
import { type SchemaJson, schemaOf } from './schema-json.ts';
import type { JobTarget, JobType, SchemaStep } from './schema-step.ts';

/** Options of a plan. */
export interface PlanOptions {
  /** Whether the types of values are part of the schema. */
  readonly checkTypes: boolean;
  /** Whether a change that checks all values of an attribute becomes a job instead of part of the transaction. */
  readonly backgroundUpdates: boolean;
  /**
   * Whether the schema is interpreted the way `instant-cli push` does: it checks more than the server, and counts a
   * namespace without attributes.
   */
  readonly asPushed: boolean;
  newId(): string;
}

/** What a schema adds to an app and changes in it. It never deletes anything. */
export interface SchemaPlan {
  readonly shapes: readonly AttrShape[];
  readonly steps: readonly SchemaStep[];
}

/**
 * Plans how an app gets a schema.
 *
 * @throws {ServerError} `validation-failed` for names that are already taken, for cascades on links to many, and with
 * `asPushed` for what `instant-cli push` refuses.
 */
export function planSchema(definitions: Definitions, catalog: AttrCatalog, options: PlanOptions): SchemaPlan {
  if (options.asPushed) assertNone(pushIssues(definitions, catalog));
  const shapes = shapesOf(definitions, catalog, options.asPushed);
  const steps = shapes.flatMap((shape): SchemaStep[] => {
    const current = currentOf(shape, catalog);
    if (!current) return isLeftWithoutId(shape, catalog) ? [] : [['add-attr', newAttr(shape, options)]];
    return shape['value-type'] === 'ref'
      ? linkSteps(current, shape, options)
      : blobSteps(current, shape, options);
  });
  assertNone(planIssues(catalog, steps));
  return { shapes, steps };
}

function assertNone(issues: ValidationIssue[]): void {
  if (issues.length > 0) throw validationFailed('schema', null, issues);
}

/** The server adds an id only to namespaces that are new to it. */
function isLeftWithoutId({ 'forward-identity': [, etype, label] }: AttrShape, catalog: AttrCatalog): boolean {
  return label === 'id' && [...catalog.ofEtype(etype)].some((attr) => attr['value-type'] === 'blob');
}

/**
 * The attributes that an app without any of its own gets from a schema, with their types checked from the start. With
 * `asPushed`, the schema is interpreted the way `instant-cli push` does.
 *
 * @throws {ServerError} `validation-failed` when the schema cannot be used.
 */
export function newAttrs(
  definitions: Definitions,
  catalog: AttrCatalog,
  { newId, asPushed }: { newId(): string; asPushed: boolean },
): Attr[] {
  const options = { checkTypes: true, backgroundUpdates: false, asPushed, newId };
  const { steps } = planSchema(definitions, catalog, options);
  return steps.flatMap((step) => (step[0] === 'add-attr' ? [step[1]] : []));
}

/** The planned schema in the form that clients print. */
export function plannedSchema({ shapes }: SchemaPlan): SchemaJson<AttrShape> {
  return schemaOf(shapes);
}

/** The app's attribute with the names of a shape, provided that both are links or neither is. */
function currentOf(shape: AttrShape, catalog: AttrCatalog): Attr | undefined {
  const [, etype, label] = shape['forward-identity'];
  const attr = catalog.byForward(etype, label);
  if (attr?.['value-type'] !== shape['value-type']) return undefined;
  const [, toEtype, toLabel] = shape['reverse-identity'] ?? [];
  const [, farEtype, farLabel] = attr['reverse-identity'] ?? [];
  const isSame = shape['value-type'] === 'blob' || (farEtype === toEtype && farLabel === toLabel);
  return isSame ? attr : undefined;
}

function newAttr(shape: AttrShape, { checkTypes, newId }: PlanOptions): Attr {
  const { 'forward-identity': forward, 'reverse-identity': reverse } = shape;
  const type = checkTypes ? shape['checked-data-type'] : null;
  return {
    id: newId(),
    'value-type': shape['value-type'],
    cardinality: shape.cardinality,
    'forward-identity': [newId(), forward[1], forward[2]],
    ...(reverse && { 'reverse-identity': [newId(), reverse[1], reverse[2]] }),
    'unique?': shape['unique?'],
    'index?': shape['index?'],
    'required?': shape['required?'],
    catalog: 'user',
    'inferred-types': null,
    ...(type && { 'checked-data-type': type }),
    ...(shape['on-delete'] && { 'on-delete': shape['on-delete'] }),
    ...(shape['on-delete-reverse'] && { 'on-delete-reverse': shape['on-delete-reverse'] }),
  };
}

function blobSteps(current: Attr, shape: AttrShape, options: PlanOptions): SchemaStep[] {
  if (labelOf(current) === 'id') return [];
  const changed = {
    index: Boolean(current['index?']) !== shape['index?'],
    unique: Boolean(current['unique?']) !== shape['unique?'],
    required: Boolean(current['required?']) !== shape['required?'],
  };
  const steps: SchemaStep[] = [];
  if (options.backgroundUpdates) {
    if (changed.index) steps.push(job(shape['index?'] ? 'index' : 'remove-index', current));
    if (changed.unique) steps.push(job(shape['unique?'] ? 'unique' : 'remove-unique', current));
    if (changed.required) steps.push(job(shape['required?'] ? 'required' : 'remove-required', current));
  } else if (changed.index || changed.unique || changed.required) {
    steps.push(['update-attr', changeOf(current, shape)]);
  }
  const type = shape['checked-data-type'];
  if (options.checkTypes && type !== (current['checked-data-type'] ?? null)) {
    steps.push(
      type
        ? job('check-data-type', current, { 'checked-data-type': type })
        : job('remove-data-type', current),
    );
  }
  return steps;
}

function linkSteps(current: Attr, shape: AttrShape, { backgroundUpdates }: PlanOptions): SchemaStep[] {
  const changedRequired = Boolean(current['required?']) !== shape['required?'];
  const changedOtherwise =
    current.cardinality !== shape.cardinality ||
    Boolean(current['unique?']) !== shape['unique?'] ||
    (current['on-delete'] ?? null) !== shape['on-delete'] ||
    (current['on-delete-reverse'] ?? null) !== shape['on-delete-reverse'];
  const steps: SchemaStep[] = [];
  if (changedRequired && backgroundUpdates) {
    steps.push(job(shape['required?'] ? 'required' : 'remove-required', current));
  }
  if (changedOtherwise || (changedRequired && !backgroundUpdates)) {
    steps.push(['update-attr', changeOf(current, shape)]);
  }
  return steps;
}

function changeOf(
  current: Attr,
  shape: AttrShape,
): Extract<SchemaStep, readonly ['update-attr', unknown]>[1] {
  const reverse = current['reverse-identity'];
  return {
    id: current.id,
    'value-type': shape['value-type'],
    cardinality: shape.cardinality,
    'forward-identity': current['forward-identity'],
    ...(reverse && { 'reverse-identity': reverse }),
    'unique?': shape['unique?'],
    'index?': shape['index?'],
    'required?': shape['required?'],
    ...(shape['on-delete'] && { 'on-delete': shape['on-delete'] }),
    ...(shape['on-delete-reverse'] && { 'on-delete-reverse': shape['on-delete-reverse'] }),
  };
}

function job(type: JobType, attr: Attr, more: Partial<JobTarget> = {}): readonly [JobType, JobTarget] {
  return [type, { 'attr-id': attr.id, 'forward-identity': attr['forward-identity'], ...more }];
}
