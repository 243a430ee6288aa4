import type { UndoLog } from '../store/undo-log.ts';
import type { TransactGuard } from '../transact/index.ts';
import type { Account } from './quota.ts';
import { growthBy } from './size-of.ts';

/** @throws {ServerError} when the transaction that runs makes its app larger than there is room for. */
export function assertWithinQuota(account: Account, { changes }: UndoLog): void {
  if (account.isLimited) account.assertRoom(growthBy(changes));
}

/** A guard that also refuses what makes the app larger than there is room for. */
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
