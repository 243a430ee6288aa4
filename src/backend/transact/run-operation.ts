import { deleteEntities } from './delete-entities.ts';
import { addAttr, deleteAttrs, restoreAttrs, updateAttr } from './run-attr-steps.ts';
import type { Transaction } from './transaction.ts';
import { stepsOf, type TxPlan } from './tx-plan.ts';
import type { TxOp } from './tx-steps.ts';
import { addTriples, deepMergeTriples, retractTriples } from './write-triples.ts';

/** Runs all steps of one operation. */
export function runOperation(transaction: Transaction, plan: TxPlan, op: TxOp): void {
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
      // Only permission rules use them; nothing is written.
      return;
  }
}
