import type { AppData } from '../store/app-data.ts';
import type { Change } from '../store/undo-log.ts';
import { type TransactOptions, type TxPlan, transact } from '../transact/index.ts';
import type { CheckResult } from './check.ts';
import type { RuleRun } from './rule-run.ts';
import { TransactionChecks } from './transaction-checks.ts';

/** What a transaction would come to. */
export interface Rehearsal {
  /** Every rule that was asked. */
  readonly results: readonly CheckResult[];
  /** What the transaction changed; undefined where it was taken back. */
  readonly changes: readonly Change[] | undefined;
}

/** Thrown to take a transaction back that nothing is wrong with. */
class TakenBack extends Error {}

/**
 * Runs the steps of a transaction and asks all rules, whatever they say. What it changed stays only with `commit`, and
 * only when every rule lets it pass.
 *
 * @throws {ServerError} when the transaction fails for another reason than a rule that says no.
 */
export function rehearse(
  data: AppData,
  steps: unknown,
  options: Pick<TransactOptions, 'now' | 'createdAt' | 'newId'> & {
    run: RuleRun;
    commit: boolean;
    /** Called when it is about to be kept; may throw to refuse that. */
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
