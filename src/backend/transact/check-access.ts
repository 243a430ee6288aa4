import { type Attr, etypeOf, labelOf } from '../../protocol/attr.ts';
import { ServerError, validationFailed } from '../../protocol/error.ts';
import { isUuid } from '../../protocol/uuid.ts';
import type { AppData } from '../store/app-data.ts';
import { findByLookup } from './find-by-lookup.ts';
import type { TxPlan } from './tx-plan.ts';
import { isLookup, isTripleStep, isWriteStep, looksLikeLookup, type TxStep, toWire } from './tx-steps.ts';

/** System columns that anyone may write: ids, because clients send them along, and the path of a file. */
const EDITABLE: ReadonlySet<string> = new Set(['$users.id', '$files.id', '$files.path', '$streams.id']);

/** Namespaces whose system columns only the backend itself may write. */
const BACKEND_ONLY: ReadonlySet<string> = new Set(['$files', '$streams']);

/** Refuses what nobody, or only an admin, may do to the system namespaces. */
export function checkSystemColumns(plan: TxPlan, admin: boolean): void {
  for (const step of plan.steps) {
    if (step.op === 'delete-entity') {
      if (admin || !step.etype?.startsWith('$') || step.etype === '$files') continue;
      throw refuse(step, `${step.etype} is a system entity. You aren't allowed to delete this directly.`);
    }
    const attr = isTripleStep(step) ? plan.attr(step.a) : undefined;
    if (attr && isTripleStep(step)) checkSystemColumn(step, attr, admin);
  }
}

function checkSystemColumn(step: TxStep & { v: unknown }, attr: Attr, admin: boolean): void {
  const name = `${etypeOf(attr)}.${labelOf(attr)}`;
  if (attr.catalog === 'system' && !EDITABLE.has(name) && (!admin || BACKEND_ONLY.has(etypeOf(attr)))) {
    throw refuse(step, `${name} is a system column. You aren't allowed to change this directly.`);
  }
  if (name === '$files.path' && typeof step.v === 'string' && step.v.startsWith('$stream/')) {
    throw refuse(step, "The path for stream files can't be edited.");
  }
}

/** Refuses what no permission rule can allow a client without admin rights to do. */
export function checkClientSteps(data: AppData, plan: TxPlan): void {
  const triples = plan.steps.filter(isTripleStep);
  for (const step of triples) checkLinkValue(step, plan);
  for (const step of plan.steps) checkLookup(step, plan);
  for (const step of triples) checkValueLookup(step, plan);
  for (const step of plan.steps) {
    if (step.op === 'update-attr' || step.op === 'delete-attr' || step.op === 'restore-attr')
      throw attrsDenied();
    if (isTripleStep(step) && isWriteStep(step) && createsUser(data, plan, step)) {
      throw refuse(step, "$users is a system entity. You aren't allowed to create this directly.");
    }
  }
}

type AnyTripleStep = Extract<TxStep, { a: string }>;

function checkLinkValue(step: AnyTripleStep, plan: TxPlan): void {
  // Any list may be a lookup here; one that is not is refused as an invalid link when it is written.
  if (!plan.attr(step.a)?.['reverse-identity'] || Array.isArray(step.v) || isUuid(step.v)) return;
  throw validationFailed('eid', step.v, [
    { message: 'Expected link value to be a uuid.', hint: { 'tx-step': toWire(step) } },
  ]);
}

/** A lookup must use an attribute of the entity's namespace. */
function checkLookup(step: TxStep, plan: TxPlan): void {
  if (!('e' in step) || !isLookup(step.e)) return;
  const attr = isTripleStep(step) ? plan.attr(step.a) : undefined;
  const etype = isTripleStep(step) ? attr && etypeOf(attr) : step.etype;
  checkLookupEtype(step.e, step, etype, plan);
}

function checkValueLookup(step: AnyTripleStep, plan: TxPlan): void {
  const target = plan.attr(step.a)?.['reverse-identity']?.[1];
  if (target !== undefined && looksLikeLookup(step.v)) checkLookupEtype(step.v, step, target, plan);
}

function checkLookupEtype(lookup: unknown[], step: TxStep, etype: string | undefined, plan: TxPlan): void {
  const attr = plan.attr(String(lookup[0]));
  if (!attr) {
    throw validationFailed('lookup', lookup, [
      { message: 'Invalid lookup. Could not determine namespace from lookup attribute.' },
    ]);
  }
  if (etypeOf(attr) === etype) return;
  throw refuse(
    step,
    'Invalid transaction. The namespace in the lookup attribute is different from the namespace of the attribute that is being set',
  );
}

/** Whether a step turns something into a user. A link alone does not, on the server: rules decide about it. */
function createsUser(data: AppData, plan: TxPlan, { op, e, a }: AnyTripleStep): boolean {
  const attr = plan.attr(a);
  if (!attr || etypeOf(attr) !== '$users' || (op === 'add-triple' && attr['reverse-identity'])) return false;
  const id = isLookup(e) ? findByLookup(data, e) : e;
  return id === undefined || !data.triples.exists(id, '$users');
}

function refuse(step: TxStep, message: string): ServerError {
  return validationFailed('tx-step', toWire(step), [{ message }]);
}

function attrsDenied(): ServerError {
  return new ServerError('permission-denied', 'Permission denied: not perms-pass?', {
    input: ['attrs', 'attr'],
    expected: 'perms-pass?',
  });
}
