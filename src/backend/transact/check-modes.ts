import { etypeOf } from '../../protocol/attr.ts';
import { validationFailed } from '../../protocol/error.ts';
import type { AppData } from '../store/app-data.ts';
import { findByLookup } from './find-by-lookup.ts';
import { printed } from './printed.ts';
import type { TxPlan } from './tx-plan.ts';
import { isLookup, isWriteStep, type StepsOf, toWire } from './tx-steps.ts';

type WriteStep = StepsOf<'add-triple' | 'deep-merge-triple'>;

/** Refuses to create entities that exist, and to update entities that do not. */
export function checkModes(data: AppData, plan: TxPlan): void {
  const steps = plan.steps.filter(isWriteStep);
  const creates = steps.filter((step) => step.mode === 'create');
  const updates = steps.filter((step) => step.mode === 'update');
  const ids = existingIds(data, plan, [...creates, ...updates]);
  const exists = ({ e }: WriteStep): boolean =>
    isLookup(e) ? findByLookup(data, e) !== undefined : ids.has(e);
  const existing = creates.filter(exists);
  if (existing.length > 0) throw refuse('Creating entities that exist', existing);
  const missing = updates.filter((step) => !exists(step));
  if (missing.length > 0) throw refuse("Updating entities that don't exist", missing);
}

/** The ids that exist in any namespace in which a step would create or update them; existing in one counts for all. */
function existingIds(data: AppData, plan: TxPlan, steps: readonly WriteStep[]): Set<string> {
  const found = new Set<string>();
  for (const { e, a } of steps) {
    const attr = isLookup(e) ? undefined : plan.attr(a);
    if (!isLookup(e) && attr && !found.has(e) && data.triples.exists(e, etypeOf(attr))) found.add(e);
  }
  return found;
}

function refuse(problem: string, steps: WriteStep[]): Error {
  const names = steps.map(({ e }) => printed(e)).join(', ');
  return validationFailed('tx-step', steps.map(toWire), [{ message: `${problem}: ${names}` }]);
}
