import type { AppData } from '../store/app-data.ts';
import type { Change } from '../store/undo-log.ts';
import { type TransactOptions, type TxPlan, transact } from '../transact/index.ts';
import type { CheckResult } from './check.ts';
import type { RuleRun } from './rule-run.ts';
import { TransactionChecks } from './transaction-checks.ts';

/** The outcome of a trial transaction. */
export interface Rehearsal {
  /** The result of every rule. */
  readonly results: readonly CheckResult[];
  /** What the transaction changed; undefined if it was rolled back. */
  readonly changes: readonly Change[] | undefined;
}

/** Thrown to roll back a transaction that did not fail. */
class TakenBack extends Error {}

/**
 * Runs the steps of a transaction and evaluates all rules, whatever their results. It is only committed with `commit`,
 * and only when every rule passes.
 *
 * @throws {ServerError} when the transaction fails for a reason other than a rule that denies it.
 */
export function rehearse(
  data: AppData,
  steps: unknown,
  options: Pick<TransactOptions, 'now' | 'createdAt' | 'newId'> & {
    run: RuleRun;
    commit: boolean;
    /** Called before it is committed; may throw to refuse it. */
    kept(): void;
  },
): Rehearsal {
  const { run, commit, kept, ...access } = options;
  const results: CheckResult[] = [];
  const checks = new TransactionChecks(data, run, results);
  const guard = {
    before: (plan: TxPlan) => checks.before(plan),
    after: () => {
      checks.after();
      if (!commit || results.some((result) => !result['check-pass?'])) throw new TakenBack();
      kept();
    },
  };
  try {
    return { results, changes: transact(data, steps, { ...access, admin: false, guard }) };
  } catch (error) {
    if (error instanceof TakenBack) return { results, changes: undefined };
    throw error;
  }
}
