import { type ServerError, validationFailed } from '../../../protocol/error.ts';
import { isObject, type JsonObject, type JsonValue } from '../../../protocol/json.ts';
import { isUuid } from '../../../protocol/uuid.ts';
import { printed } from '../../transact/printed.ts';
import type { Mode } from '../../transact/tx-steps.ts';
import type { AdminStep, EntityName, LinkStep } from './admin-steps.ts';
import { isEntityName, parseEntityName } from './entity-name.ts';

type Path = (string | number)[];

const ACTIONS_ON_ENTITIES: ReadonlySet<unknown> = new Set([
  'create',
  'update',
  'merge',
  'link',
  'unlink',
  'delete',
  'ruleParams',
]);

/** A step has the wrong shape. The server reports an invalid entity id before any other mistake. */
class Misshapen extends Error {
  readonly expected: JsonValue;
  readonly path: Path;

  constructor(expected: JsonValue, path: Path) {
    super(JSON.stringify(expected));
    this.expected = expected;
    this.path = path;
  }
}

/**
 * Parses the steps of `POST /admin/transact`.
 *
 * @throws {ServerError} `validation-failed` that says what is wrong, and where.
 */
export function parseAdminSteps(input: readonly unknown[]): AdminStep[] {
  try {
    return input.map((step, index) => parseStep(step, index));
  } catch (error) {
    if (!(error instanceof Misshapen)) throw error;
    throw (
      invalidEntityId(input) ??
      validationFailed('steps', input, [{ expected: error.expected, in: error.path }])
    );
  }
}

/** The maximum number of parts of each step. */
const LONGEST: Readonly<Record<AdminStep['action'], number>> = {
  create: 4,
  update: 5,
  merge: 5,
  link: 4,
  unlink: 4,
  delete: Number.POSITIVE_INFINITY,
  ruleParams: 4,
  'add-attr': 2,
  'delete-attr': 2,
};

/** Parses a step from left to right, as the server does, since it reports the first mistake. */
function parseStep(input: unknown, index: number): AdminStep {
  if (!Array.isArray(input)) throw new Misshapen('coll?', [index]);
  const step = input as (JsonValue | undefined)[];
  const parsed = readStep(step, index);
  if (step.length > LONGEST[parsed.action]) throw noSuchStep(step, index);
  return parsed;
}

function readStep(step: readonly (JsonValue | undefined)[], index: number): AdminStep {
  const [action] = step;
  switch (action) {
    case 'create':
      return { action, ...entityOf(step, index), values: valuesOf(step, index), mode: 'create' };
    case 'update':
    case 'merge':
      return { action, ...entityOf(step, index), values: valuesOf(step, index), mode: modeOf(step, index) };
    case 'link':
    case 'unlink':
      return { action, ...entityOf(step, index), links: linksOf(step, index) };
    case 'delete':
      return { action, ...entityOf(step, index) };
    case 'ruleParams':
      return { action, ...entityOf(step, index), params: valuesOf(step, index) };
    case 'add-attr':
      return { action, attr: attrPart(step, index) };
    case 'delete-attr':
      if (step.length < 2) throw noSuchStep(step, index);
      if (!isUuid(step[1])) throw new Misshapen('instant.admin.model/coercible-uuid?', [index, 1]);
      return { action, id: step[1] };
    case 'update-attr':
      attrPart(step, index);
      if (step.length > 2) throw noSuchStep(step, index);
      throw validationFailed('action', action, [
        { message: `Unsupported action ${action}`, hint: { value: action } },
      ]);
    default:
      throw noSuchStep(step, index);
  }
}

function attrPart(step: readonly (JsonValue | undefined)[], index: number): JsonObject {
  if (step.length < 2) throw noSuchStep(step, index);
  return objectAt(step, index, 1);
}

function checkPresent(step: readonly unknown[], index: number, at: number, expected: string): void {
  if (step.length <= at) throw new Misshapen(expected, [index]);
}

/**
 * The error for an unknown step. Among all the step kinds it fails to match, the server reports the last one; likewise
 * for a step that is too long, or an attribute step that is too short.
 */
function noSuchStep([action]: readonly unknown[], index: number): Misshapen {
  return new Misshapen([action === 'delete-attr' ? 'update-attr' : 'delete-attr'], [index, 0]);
}

function entityOf(
  step: readonly (JsonValue | undefined)[],
  index: number,
): { etype: string; entity: EntityName } {
  const [, etype, entity = null] = step;
  checkPresent(step, index, 1, 'string?');
  if (typeof etype !== 'string') throw new Misshapen('string?', [index, 1]);
  checkPresent(step, index, 2, 'instant.admin.model/lookup');
  if (!isEntityName(entity)) throw notAName(entity, [index, 2]);
  return { etype, entity: parseEntityName(entity) };
}

/** The values of a step. An id among them is ignored: the step already identifies its entity. */
function valuesOf(step: readonly (JsonValue | undefined)[], index: number, expected = 'map?'): JsonObject {
  checkPresent(step, index, 3, expected);
  const { id: _, ...values } = objectAt(step, index, 3);
  return values;
}

function modeOf(step: readonly (JsonValue | undefined)[], index: number): Mode | undefined {
  const options = step[4] ?? null;
  if (options === null) return undefined;
  if (!isObject(options)) throw new Misshapen('nil?', [index, 4]);
  const upsert = options.upsert ?? null;
  if (upsert === null) return undefined;
  // Everything except false counts as true.
  return upsert === false ? 'update' : 'upsert';
}

function linksOf(step: readonly (JsonValue | undefined)[], index: number): LinkStep['links'] {
  return Object.entries(valuesOf(step, index, 'instant.admin.model/link-map')).map(([label, target]) => ({
    label,
    targets: targetsOf(target ?? null, [index, 3, label, 1]),
  }));
}

/**
 * One entity, a list of them, or an object with a lookup in each entry. A pair of label and value is not a lookup here
 * but two entities with invalid ids.
 */
function targetsOf(value: JsonValue, path: Path): EntityName[] {
  if (isObject(value)) {
    return Object.entries(value).map(([label, item]) => parseEntityName([label, item as JsonValue]));
  }
  if (!Array.isArray(value)) {
    if (!isEntityName(value)) throw notAName(value, path);
    return [parseEntityName(value)];
  }
  const isPair = isEntityName(value);
  for (const [at, item] of value.entries()) {
    if (!isPair && !isEntityName(item)) throw notAName(item, [...path, at]);
  }
  return value.map((item) => (isEntityName(item) ? parseEntityName(item) : { by: 'id', id: printed(item) }));
}

/** Among all the forms of an entity name, the server reports the last one, or the one that fits in part. */
function notAName(value: JsonValue | undefined, path: Path): Misshapen {
  if (Array.isArray(value) && value.length === 2) return new Misshapen('string?', [...path, 0]);
  return new Misshapen('instant.admin.model/lookup?', path);
}

function objectAt(step: readonly (JsonValue | undefined)[], index: number, at: number): JsonObject {
  const value = step[at];
  if (!isObject(value)) throw new Misshapen('map?', [index, at]);
  return value as JsonObject;
}

function invalidEntityId(steps: readonly unknown[]): ServerError | undefined {
  for (const [index, step] of steps.entries()) {
    if (!Array.isArray(step) || step.length < 3 || !ACTIONS_ON_ENTITIES.has(step[0])) continue;
    const e: unknown = step[2];
    if (Array.isArray(e) || isObject(e) || isEntityName(e)) continue;
    const message = `Invalid entity ID '${printed((e ?? null) as JsonValue)}'. Entity IDs must be UUIDs or lookup references.`;
    return validationFailed('steps', steps, [{ message, in: [index, 2] }]);
  }
  return undefined;
}
