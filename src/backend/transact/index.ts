import type { AppData } from '../store/app-data.ts';
import type { Change } from '../store/undo-log.ts';
import { checkClientSteps, checkSystemColumns } from './check-access.ts';
import { checkModes } from './check-modes.ts';
import { checkMadeRequired, checkRequired } from './check-required.ts';
import { parseTxSteps } from './parse-tx-steps.ts';
import { runOperation } from './run-operation.ts';
import { Transaction, type TransactOptions } from './transaction.ts';
import { planTransaction, stepsOf, type TxPlan, withFoundLookups } from './tx-plan.ts';
import type { TxStep } from './tx-steps.ts';

export { findByLookup } from './find-by-lookup.ts';
export { mergePatches } from './merge-patches.ts';
export type { TransactGuard, TransactOptions } from './transaction.ts';
export { stepsOf, type TxPlan } from './tx-plan.ts';
export { type EntityRef, isLookup, type Lookup, looksLikeLookup, type TxStep } from './tx-steps.ts';
export { patchesByValue } from './write-triples.ts';

/**
 * Runs the steps of a transaction as sent by a client and returns the changes, in order. Throws a `ServerError` when
 * the steps are malformed or not allowed; nothing has changed then.
 *
 * Reads no clock and draws no random ids: both come with the options.
 */
export function transact(data: AppData, steps: unknown, options: TransactOptions): Change[] {
  return transactSteps(data, parseTxSteps(steps, data.catalog), options);
}

/** Runs steps that are already parsed; see {@link transact}. Exported for the golden cases. */
export function transactSteps(data: AppData, steps: TxStep[], options: TransactOptions): Change[] {
  const asked = planTransaction(data, steps);
  return data.undoLog.transaction(() => {
    const plan = allowedPlan(data, asked, options);
    options.guard?.before(plan);
    checkModes(data, plan);
    const transaction = new Transaction(data, options);
    for (const op of plan.ops) {
      transaction.begin();
      runOperation(transaction, plan, op);
    }
    checkAfter(data, plan);
    options.guard?.after(plan);
  }).changes;
}

/**
 * The plan, if the client may run such steps at all. Rules concern entities, so a client's lookups are resolved first.
 */
function allowedPlan(data: AppData, plan: TxPlan, { system, admin }: TransactOptions): TxPlan {
  if (system) return plan;
  checkSystemColumns(plan, admin);
  if (admin) return plan;
  checkClientSteps(data, plan);
  return withFoundLookups(data, plan);
}

/** The checks that need the data after the transaction. */
function checkAfter(data: AppData, plan: TxPlan): void {
  checkRequired(data);
  checkMadeRequired(
    data,
    stepsOf(plan, 'update-attr').map((step) => step.update),
  );
}
