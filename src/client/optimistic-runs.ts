import type { WriteEntry } from './storage/journal.ts';
import type { Mutation, TransactionStep } from './transactions.ts';

/** A step that is left out unless its entity exists, or does not: core looks at what was there before the transaction. */
interface Conditional {
  entity: unknown;
}

const ATTR_OPS = new Set(['add-attr', 'update-attr', 'delete-attr']);

/**
 * Joins writes that follow each other into few with the same effect on a store. Core drafts the whole store anew for each
 * write, which costs as much as the store is large.
 *
 * A write begins a new run when a step of it depends on whether an entity exists, and the run may have changed that.
 */
export function inRuns(writes: Iterable<WriteEntry>): WriteEntry[] {
  const runs: { eventId: string; mutation: Mutation; run: Run }[] = [];
  for (const [eventId, mutation] of writes) {
    const last = runs.at(-1);
    const steps = mutation['tx-steps'];
    if (last && steps.every((step) => last.run.allows(step))) last.run.add(steps);
    else {
      const run = new Run();
      run.add(steps);
      runs.push({ eventId, mutation, run });
    }
  }
  return runs.map(({ eventId, mutation, run }) => [eventId, { ...mutation, 'tx-steps': run.steps }]);
}

class Run {
  readonly steps: TransactionStep[] = [];
  readonly #touched: Set<unknown> = new Set();
  /** Whether anything may exist or not since the run began. */
  #isOpen = false;

  allows(step: TransactionStep): boolean {
    const condition = conditionOf(step);
    if (!condition) return true;
    return typeof condition.entity === 'string' && !this.#isOpen && !this.#touched.has(condition.entity);
  }

  add(steps: readonly TransactionStep[]): void {
    for (const step of steps) {
      this.steps.push(step);
      const [op, entity] = step;
      // Deleting cascades, a lookup may be of any entity, and new attributes change what is looked at.
      if (op === 'delete-entity' || ATTR_OPS.has(op) || typeof entity !== 'string') this.#isOpen = true;
      else this.#touched.add(entity);
    }
  }
}

function conditionOf([op, entity, , , options]: TransactionStep): Conditional | undefined {
  if (op !== 'add-triple' && op !== 'deep-merge-triple') return undefined;
  const { mode } = Object(options) as { mode?: string };
  return mode === 'create' || mode === 'update' ? { entity } : undefined;
}
