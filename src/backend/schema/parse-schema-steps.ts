import { isCheckedDataType } from '../../protocol/attr.ts';
import { type ServerError, validationFailed } from '../../protocol/error.ts';
import { isObject } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';
import { isJobType, type JobType, type SchemaStep } from './schema-step.ts';

/** Steps that the transaction engine parses and validates. */
const TRANSACTION_STEPS: ReadonlySet<unknown> = new Set(['add-attr', 'update-attr', 'delete-attr']);

/**
 * Parses the steps of a push: jobs completely, other steps only as far as their kind.
 *
 * @throws {ServerError} `validation-failed` for what is not a schema step.
 */
export function parseSchemaSteps(input: readonly unknown[]): SchemaStep[] {
  return input.map((step, index) => {
    if (!Array.isArray(step)) throw refuse(input, 'coll?', [index]);
    const [kind, target] = step as unknown[];
    if (TRANSACTION_STEPS.has(kind)) return step as unknown as SchemaStep;
    if (!isJobType(kind)) throw refuse(input, 'a step of a schema', [index, 0]);
    return parseJobStep(input, index, kind, target);
  });
}

function parseJobStep(input: readonly unknown[], index: number, kind: JobType, target: unknown): SchemaStep {
  if (!isObject(target)) throw refuse(input, 'map?', [index, 1]);
  const { 'attr-id': attrId, 'checked-data-type': type, ...rest } = target;
  if (!isUuid(attrId)) throw refuse(input, 'uuid?', [index, 1, 'attr-id']);
  const id = attrId.toLowerCase();
  if (kind !== 'check-data-type') return [kind, { ...rest, 'attr-id': id }];
  if (!isCheckedDataType(type)) throw refuse(input, 'a type of value', [index, 1, 'checked-data-type']);
  return [kind, { ...rest, 'attr-id': id, 'checked-data-type': type }];
}

function refuse(input: readonly unknown[], expected: string, path: (string | number)[]): ServerError {
  return validationFailed('steps', input, [{ expected, in: path }]);
}
