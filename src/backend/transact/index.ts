import type { AppData } from '../store/app-data.ts';
import type { Change } from '../store/undo-log.ts';
import { checkClientSteps, checkSystemColumns } from './check-access.ts';
import { checkModes } from './check-modes.ts';
import { checkMadeRequired, checkRequired } from './check-required.ts';
import { deleteEntities } from './delete-entities.ts';
import { parseTxSteps } from './parse-tx-steps.ts';
import { addAttr, deleteAttrs, restoreAttrs, updateAttr } from './run-attr-steps.ts';
import { Transaction, type TransactOptions } from './transaction.ts';
import { planTransaction, stepsOf, type TxPlan, withFoundLookups } from './tx-plan.ts';
import type { TxOp, TxStep } from './tx-steps.ts';
import { addTriples, deepMergeTriples, retractTriples } from './write-triples.ts';

export { findByLookup } from './find-by-lookup.ts';
export { mergePatches } from './merge-patches.ts';
export type { TransactGuard, TransactOptions } from './transaction.ts';
export { stepsOf, type TxPlan } from './tx-plan.ts';
export { type EntityRef, isLookup, type Lookup, looksLikeLookup, type TxStep } from './tx-steps.ts';
export { patchesByValue } from './write-triples.ts';

/**
 * Runs the steps of a transaction as a client sent them and returns what changed, in order. Throws a `ServerError`
 * when the steps are malformed or not allowed; then nothing has changed.
 *
 * Looks at no clock and draws no random ids: both come in the options.
 */
export function transact(data: AppData, steps: unknown, options: TransactOptions): Change[] {
  return transactSteps(data, parseTxSteps(steps, data.catalog), options);
}

/** Runs steps that were read already; see {@link transact}. */
export function transactSteps(data: AppData, steps: TxStep[], options: TransactOptions): Change[] {
  const asked = planTransaction(data, steps);
  return data.undoLog.transaction(() => {
    const plan = allowedPlan(data, asked, options);
    options.guard?.before(plan);
    checkModes(data, plan);
    const transaction = new Transaction(data, options);
    for (const op of plan.ops) {
      transaction.begin();
      run(transaction, plan, op);
    }
    checkAfter(data, plan);
    options.guard?.after(plan);
  }).changes;
}

/** The plan, if whoever asks may have any like it. Rules are about entities: for a client, lookups are made those. */
function allowedPlan(data: AppData, plan: TxPlan, { system, admin }: TransactOptions): TxPlan {
  if (system) return plan;
  checkSystemColumns(plan, admin);
  if (admin) return plan;
  checkClientSteps(data, plan);
  return withFoundLookups(data, plan);
}

/** The checks that look at the data as it has become. */
function checkAfter(data: AppData, plan: TxPlan): void {
  checkRequired(data);
  checkMadeRequired(
    data,
    stepsOf(plan, 'update-attr').map((step) => step.update),
  );
}

/** Runs all steps of one operation. */
function run(transaction: Transaction, plan: TxPlan, op: TxOp): void {
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
