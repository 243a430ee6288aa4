import { type ServerError, validationFailed } from '../../protocol/error.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';
import type { Mode } from '../transact/steps.ts';
import { isEntityName, parseEntityName } from './entity-name.ts';
import type { AdminStep, EntityName, LinkStep } from './steps.ts';

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

/** A step has the wrong shape. The server names an entity id that is none before anything else that is wrong. */
class Misshapen extends Error {
  readonly expected: string;
  readonly path: Path;

  constructor(expected: string, path: Path) {
    super(expected);
    this.expected = expected;
    this.path = path;
  }
}

/**
 * Reads the steps of `POST /admin/transact`.
 *
 * @throws {ServerError} `validation-failed` that names what is wrong, and where.
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

function parseStep(input: unknown, index: number): AdminStep {
  if (!Array.isArray(input)) throw new Misshapen('coll?', [index]);
  const step = input as (JsonValue | undefined)[];
  const [action] = step;
  switch (action) {
    case 'create':
      checkLength(step, index, 4, 4);
      return { action, ...entityOf(step, index), values: valuesOf(step, index), mode: 'create' };
    case 'update':
    case 'merge':
      checkLength(step, index, 4, 5);
      return { action, ...entityOf(step, index), values: valuesOf(step, index), mode: modeOf(step, index) };
    case 'link':
    case 'unlink':
      checkLength(step, index, 4, 4);
      return { action, ...entityOf(step, index), links: linksOf(step, index) };
    case 'delete':
      checkLength(step, index, 3, Number.POSITIVE_INFINITY);
      return { action, ...entityOf(step, index) };
    case 'ruleParams':
      checkLength(step, index, 4, 4);
      return { action, ...entityOf(step, index), params: objectAt(step, index, 3) };
    case 'add-attr':
      return { action, attr: objectAt(step, index, 1) };
    case 'delete-attr':
      if (!isUuid(step[1])) throw new Misshapen('uuid?', [index, 1]);
      return { action, id: step[1] };
    default:
      throw validationFailed('action', action ?? null, [
        { message: `Unsupported action ${String(action)}`, hint: { value: action ?? null } },
      ]);
  }
}

function entityOf(
  step: readonly (JsonValue | undefined)[],
  index: number,
): { etype: string; entity: EntityName } {
  const [, etype, entity] = step;
  if (typeof etype !== 'string') throw new Misshapen('string?', [index, 1]);
  if (!isEntityName(entity)) throw new Misshapen('uuid?', [index, 2]);
  return { etype, entity: parseEntityName(entity) };
}

/** The values of a step. An id among them is passed over: the step names its entity already. */
function valuesOf(step: readonly (JsonValue | undefined)[], index: number): JsonObject {
  const { id: _, ...values } = objectAt(step, index, 3);
  return values;
}

function modeOf(step: readonly (JsonValue | undefined)[], index: number): Mode | undefined {
  const options = step[4] ?? null;
  if (options === null) return undefined;
  if (!isObject(options)) throw new Misshapen('map?', [index, 4]);
  const upsert = options.upsert ?? null;
  if (upsert === null) return undefined;
  if (typeof upsert !== 'boolean') throw new Misshapen('boolean?', [index, 4, 'upsert']);
  return upsert ? 'upsert' : 'update';
}

function linksOf(step: readonly (JsonValue | undefined)[], index: number): LinkStep['links'] {
  return Object.entries(valuesOf(step, index)).map(([label, target]) => ({
    label,
    targets: targetsOf(target ?? null, [index, 3, label]).map(parseEntityName),
  }));
}

/** One entity, or a list of them. A pair of a label and a value is one; a pair of ids is a list. */
function targetsOf(value: JsonValue, path: Path): JsonValue[] {
  if (Array.isArray(value) && value.every(isEntityName)) return value;
  if (isEntityName(value)) return [value];
  throw new Misshapen('uuid?', path);
}

function objectAt(step: readonly (JsonValue | undefined)[], index: number, at: number): JsonObject {
  const value = step[at];
  if (!isObject(value)) throw new Misshapen('map?', [index, at]);
  return value as JsonObject;
}

function checkLength(step: readonly unknown[], index: number, min: number, max: number): void {
  if (step.length < min) throw new Misshapen('Insufficient input', [index]);
  if (step.length > max) throw new Misshapen('Extra input', [index, max]);
}

function invalidEntityId(steps: readonly unknown[]): ServerError | undefined {
  for (const [index, step] of steps.entries()) {
    if (!Array.isArray(step) || step.length < 3 || !ACTIONS_ON_ENTITIES.has(step[0])) continue;
    const e: unknown = step[2];
    if (Array.isArray(e) || isObject(e) || isEntityName(e)) continue;
    const shown = typeof e === 'string' ? e : JSON.stringify(e);
    const message = `Invalid entity ID '${shown}'. Entity IDs must be UUIDs or lookup references.`;
    return validationFailed('steps', steps, [{ message, in: [index, 2] }]);
  }
  return undefined;
}
