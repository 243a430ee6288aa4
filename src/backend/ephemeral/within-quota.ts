import type { UndoLog } from '../store/undo-log.ts';
import type { TransactGuard } from '../transact/index.ts';
import type { Account } from './quota.ts';
import { growthBy } from './size-of.ts';

/** @throws {ServerError} when the running transaction makes its app larger than the quota allows. */
export function assertWithinQuota(account: Account, { changes }: UndoLog): void {
  if (account.isLimited) account.assertRoom(growthBy(changes));
}

/** Extends a guard to refuse transactions that exceed the quota. */
export function withinQuota(
  account: Account,
  undoLog: UndoLog,
  guard: TransactGuard | undefined,
): TransactGuard | undefined {
  if (!account.isLimited) return guard;
  return {
    before: (plan) => guard?.before(plan),
    after: (plan) => {
      guard?.after(plan);
      assertWithinQuota(account, undoLog);
    },
  };
}
