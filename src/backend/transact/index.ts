import type { AppData } from '../store/app-data.ts';
import type { Change } from '../store/journal.ts';
import { checkClientSteps, checkSystemColumns } from './access.ts';
import { addAttr, deleteAttrs, restoreAttrs, updateAttr } from './attr-steps.ts';
import { checkModes } from './check-modes.ts';
import { checkMadeRequired, checkRequired } from './check-required.ts';
import { deleteEntities } from './delete-entities.ts';
import { findByLookup, lookupKey } from './lookups.ts';
import { parseSteps } from './parse.ts';
import { type Plan, planTransaction, stepsOf } from './plan.ts';
import { isTripleStep, type Lookup, looksLikeLookup, type TxOp, type TxStep } from './steps.ts';
import { Transaction, type TransactOptions } from './transaction.ts';
import { addTriples, deepMergeTriples, retractTriples } from './write-triples.ts';

export { deepMerge } from './deep-merge.ts';
export { findByLookup } from './lookups.ts';
export type { Plan } from './plan.ts';
export { type EntityRef, isLookup, type Lookup, looksLikeLookup, type TxStep } from './steps.ts';
export type { TransactGuard, TransactOptions } from './transaction.ts';

/**
 * Runs the steps of a transaction as a client sent them and returns what changed, in order. Throws a `ServerError`
 * when the steps are malformed or not allowed; then nothing has changed.
 *
 * Looks at no clock and draws no random ids: both come in the options.
 */
export function transact(data: AppData, steps: unknown, options: TransactOptions): Change[] {
  return transactSteps(data, parseSteps(steps, data.catalog), options);
}

/** Runs steps that were read already; see {@link transact}. */
export function transactSteps(data: AppData, steps: TxStep[], options: TransactOptions): Change[] {
  const plan = planTransaction(data, steps);
  return data.journal.transaction(() => {
    checkBefore(data, plan, options);
    const transaction = new Transaction(
      data,
      options,
      isClient(options) ? knownLookups(data, plan) : new Map(),
    );
    for (const op of plan.ops) {
      transaction.begin();
      run(transaction, plan, op);
    }
    checkAfter(data, plan);
    options.guard?.after(plan);
  }).changes;
}

/** Whether the steps come from somebody whom rules apply to. */
function isClient({ system, admin }: TransactOptions): boolean {
  return !system && !admin;
}

/** The entities that lookups name, as the rules saw them: what a client's transaction writes does not change them. */
function knownLookups(data: AppData, plan: Plan): Map<string, string> {
  const lookups = plan.steps.flatMap((step) => {
    if (!isTripleStep(step)) return [];
    const isLink = plan.attr(step.a)?.['reverse-identity'] !== undefined;
    return [step.e, ...(isLink ? [step.v] : [])].filter(looksLikeLookup);
  });
  return new Map(lookups.flatMap((lookup) => known(data, lookup)));
}

function known(data: AppData, lookup: Lookup): [key: string, e: string][] {
  const e = findByLookup(data, lookup);
  return e === undefined ? [] : [[lookupKey(lookup), e]];
}

/** The checks that look at the data as it was. */
function checkBefore(data: AppData, plan: Plan, options: TransactOptions): void {
  if (!options.system) checkSystemColumns(plan, options.admin);
  if (isClient(options)) checkClientSteps(data, plan);
  options.guard?.before(plan);
  checkModes(data, plan);
}

/** The checks that look at the data as it has become. */
function checkAfter(data: AppData, plan: Plan): void {
  checkRequired(data);
  checkMadeRequired(
    data,
    stepsOf(plan, 'update-attr').map((step) => step.update),
  );
}

/** Runs all steps of one operation. */
function run(transaction: Transaction, plan: Plan, op: TxOp): void {
  switch (op) {
    case 'add-attr':
      for (const { attr } of stepsOf(plan, op)) addAttr(transaction, attr);
      return;
    case 'update-attr':
      for (const { update } of stepsOf(plan, op)) updateAttr(transaction, update);
      return;
    case 'delete-attr':
      deleteAttrs(
        transaction,
        stepsOf(plan, op).map((step) => step.id),
      );
      return;
    case 'restore-attr':
      restoreAttrs(
        transaction,
        stepsOf(plan, op).map((step) => step.id),
      );
      return;
    case 'add-triple':
      addTriples(transaction, stepsOf(plan, op));
      return;
    case 'deep-merge-triple':
      deepMergeTriples(transaction, stepsOf(plan, op));
      return;
    case 'retract-triple':
      retractTriples(transaction, stepsOf(plan, op));
      return;
    case 'delete-entity':
      deleteEntities(transaction, stepsOf(plan, op));
      return;
    case 'rule-params':
      // They are for the permission rules, and write nothing.
      return;
  }
}
