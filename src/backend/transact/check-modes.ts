import { etypeOf } from '../../protocol/attr.ts';
import { validationFailed } from '../../protocol/error.ts';
import type { AppData } from '../store/app-data.ts';
import { findByLookup } from './lookups.ts';
import type { Plan } from './plan.ts';
import { isLookup, isWriteStep, type StepsOf, toWire } from './steps.ts';

type WriteStep = StepsOf<'add-triple' | 'deep-merge-triple'>;

/** Refuses to create entities that exist, and to update entities that do not. */
export function checkModes(data: AppData, plan: Plan): void {
  const steps = plan.steps.filter(isWriteStep);
  const existing = steps.filter((step) => step.mode === 'create' && exists(data, plan, step));
  if (existing.length > 0) throw refuse('Creating entities that exist', existing);
  const missing = steps.filter((step) => step.mode === 'update' && !exists(data, plan, step));
  if (missing.length > 0) throw refuse("Updating entities that don't exist", missing);
}

function exists(data: AppData, plan: Plan, step: WriteStep): boolean {
  if (isLookup(step.e)) return findByLookup(data, step.e) !== undefined;
  const attr = plan.attr(step.a);
  return attr !== undefined && data.triples.exists(step.e, etypeOf(attr));
}

function refuse(problem: string, steps: WriteStep[]): Error {
  const names = new Set(steps.map(({ e }) => (isLookup(e) ? JSON.stringify(e) : e)));
  return validationFailed('tx-step', steps.map(toWire), [
    { message: `${problem}: ${[...names].join(', ')}` },
  ]);
}
