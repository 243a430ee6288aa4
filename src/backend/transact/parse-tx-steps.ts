import { etypeOf, labelOf } from '../../protocol/attr.ts';
import { type ServerError, validationFailed } from '../../protocol/error.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import { type Reject, rejectSteps } from './issue.ts';
import { copyJson } from './json-input.ts';
import { parseAttr, parseAttrUpdate } from './parse-attr.ts';
import { printed } from './printed.ts';
import {
  type EntityRef,
  looksLikeLookup,
  type Mode,
  type TripleStep,
  type TxOp,
  type TxStep,
} from './tx-steps.ts';

const OPS_WITH_ENTITY: ReadonlySet<unknown> = new Set([
  'add-triple',
  'deep-merge-triple',
  'retract-triple',
  'delete-entity',
]);

/**
 * Parses the steps of a transaction as sent by a client; throws a `validation-failed` error that says what is wrong.
 */
export function parseTxSteps(input: unknown, catalog: AttrCatalog): TxStep[] {
  const reject = rejectSteps(input);
  if (!Array.isArray(input)) throw reject('coll?', []);
  const steps = Array.from(input, (step: unknown, index) => {
    if (!Array.isArray(step)) throw reject('coll?', [index]);
    return copyStep(step, index, reject);
  });
  // The server checks all entity ids before the rest of any step.
  for (const [index, step] of steps.entries()) checkEntity(step, index, steps, catalog);
  return steps.map((step, index) => parseStep(step, index, reject));
}

function copyStep(step: readonly unknown[], index: number, reject: Reject): JsonValue[] {
  const copied = new Array<JsonValue>(step.length);
  let at = 0;
  const refuse = (expected: string): ServerError => reject(expected, [index, at]);
  for (; at < step.length; at++) copied[at] = copyJson(step[at] ?? null, refuse);
  return copied;
}

function checkEntity(step: JsonValue[], index: number, steps: JsonValue[][], catalog: AttrCatalog): void {
  const [op, e, , v] = step;
  if (!OPS_WITH_ENTITY.has(op) || step.length < 2) return;
  if (!isUuid(e) && !Array.isArray(e)) {
    const message = `Invalid entity ID '${printed(e ?? null)}'. Entity IDs must be UUIDs. Use id() or lookup() to generate a valid UUID.`;
    throw validationFailed('tx-steps', steps, [{ message, in: [index, 1] }]);
  }
  if (Array.isArray(e)) checkIdLookup(e, step, [index, 1], catalog);
  if (looksLikeLookup(v)) checkIdLookup(v, step, [index, 3], catalog);
}

function checkIdLookup(lookup: JsonValue[], step: JsonValue[], path: number[], catalog: AttrCatalog): void {
  const [a, v] = lookup;
  const attr = typeof a === 'string' ? catalog.byId(a) : undefined;
  if (!attr || labelOf(attr) !== 'id' || isUuid(v)) return;
  const message = `Invalid lookup '${printed(lookup)}'. The lookup attribute is '${etypeOf(attr)}.id', but the lookup value is not a valid UUID.`;
  throw validationFailed('tx-steps', step, [{ message, in: path }]);
}

/** The maximum number of parts of each step. */
const LONGEST: Readonly<Record<TxOp, number>> = {
  'add-triple': 5,
  'deep-merge-triple': 5,
  'retract-triple': 4,
  'delete-entity': 3,
  'rule-params': 4,
  'add-attr': 2,
  'update-attr': 2,
  'delete-attr': 2,
  'restore-attr': 2,
};

/** Parses a step from left to right, as the server does, since it reports the first mistake. */
function parseStep(step: JsonValue[], index: number, reject: Reject): TxStep {
  const parsed = readStep(step, index, reject);
  if (step.length > LONGEST[parsed.op]) throw noSuchStep(step, index, reject);
  return parsed;
}

function readStep(step: JsonValue[], index: number, reject: Reject): TxStep {
  const [op] = step;
  switch (op) {
    case 'add-triple':
    case 'deep-merge-triple':
      return { op, ...readTriple(step, index, reject), mode: parseMode(step[4], index, reject) };
    case 'retract-triple':
      return { op, ...readTriple(step, index, reject) };
    case 'delete-entity':
      checkPresent(step, index, 1, reject);
      return { op, e: parseEntity(step[1], index, reject), etype: parseEtype(step, index, reject) };
    case 'rule-params':
      return parseRuleParams(step, index, reject);
    case 'add-attr':
      return { op, attr: parseAttr(step[1], [index, 1], reject) };
    case 'update-attr':
      return { op, update: parseAttrUpdate(step[1], [index, 1], reject) };
    case 'delete-attr':
    case 'restore-attr':
      checkPresent(step, index, 1, reject);
      return { op, id: parseUuid(step[1], index, 1, reject) };
    default:
      throw noSuchStep(step, index, reject);
  }
}

/** What a triple step that ends too early lacks, by position. */
const MISSING: readonly string[] = [
  '',
  'instant.db.model.triple/lookup',
  'instant.db.model.triple/attr-id',
  'instant.db.model.triple/value',
];

function readTriple(step: JsonValue[], index: number, reject: Reject): Pick<TripleStep, 'e' | 'a' | 'v'> {
  const missing = (): ServerError => reject(MISSING[step.length] ?? '', [index]);
  if (step.length < 2) throw missing();
  const e = parseEntity(step[1], index, reject);
  if (step.length < 3) throw missing();
  const a = parseUuid(step[2], index, 2, reject);
  if (step.length < 4) throw missing();
  return { e, a, v: step[3] ?? null };
}

function checkPresent(step: JsonValue[], index: number, at: number, reject: Reject): void {
  if (step.length <= at) throw noSuchStep(step, index, reject);
}

/**
 * The error for an unknown step. Among all the step kinds it fails to match, the server reports the last one; likewise
 * for a step that is too long, or for a `delete-entity`, `rule-params`, `delete-attr` or `restore-attr` that is too
 * short.
 */
function noSuchStep([op]: JsonValue[], index: number, reject: Reject): ServerError {
  return reject([op === 'restore-attr' ? 'delete-attr' : 'restore-attr'], [index, 0]);
}

function parseEntity(e: JsonValue | undefined, index: number, reject: Reject): EntityRef {
  if (isUuid(e)) return e;
  if (!Array.isArray(e)) throw reject('vector?', [index, 1]);
  if (e.length !== 2) throw reject(['=', ['count', '%'], 2], [index, 1]);
  if (!looksLikeLookup(e)) throw reject('uuid?', [index, 1, 0]);
  return e;
}

function parseUuid(value: JsonValue | undefined, index: number, at: number, reject: Reject): string {
  if (!isUuid(value)) throw reject('uuid?', [index, at]);
  return value;
}

function parseEtype(step: JsonValue[], index: number, reject: Reject): string | undefined {
  const [, , etype] = step;
  if (etype !== undefined && typeof etype !== 'string') throw reject('string?', [index, 2]);
  return etype;
}

function parseMode(options: JsonValue | undefined, index: number, reject: Reject): Mode | undefined {
  if (options === undefined || options === null) return undefined;
  if (!isObject(options)) throw reject('nil?', [index, 4]);
  const { mode } = options;
  if (mode === undefined) return undefined;
  if (mode === 'create' || mode === 'update' || mode === 'upsert') return mode;
  throw reject('instant.db.transaction/mode', [index, 4, 'mode']);
}

/** The etype may be omitted; the params are then the third part. */
function parseRuleParams(step: JsonValue[], index: number, reject: Reject): TxStep {
  checkPresent(step, index, 1, reject);
  const e = parseEntity(step[1], index, reject);
  checkPresent(step, index, 2, reject);
  const etype = step.length > 3 ? parseEtype(step, index, reject) : undefined;
  const at = step.length > 3 ? 3 : 2;
  const params = step[at];
  if (!isJsonObject(params)) throw reject('map?', [index, at]);
  return { op: 'rule-params', e, etype, params };
}

function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return isObject(value);
}
