import { type Attr, etypeOf } from '../../protocol/attr.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { AppData } from '../store/app-data.ts';
import { cascade, type Deletion } from './cascade.ts';
import { findByLookup } from './find-by-lookup.ts';
import { isLookup, isTripleStep, looksLikeLookup, type StepsOf, type TxOp, type TxStep } from './tx-steps.ts';

/**
 * What a transaction will do, before anything is written: its steps with all deletions expanded, and the order of its
 * operations. Checks on the data before the transaction use this.
 */
export interface TxPlan {
  /** The operations in order of first appearance; all steps of one run together. */
  readonly ops: readonly TxOp[];
  readonly steps: readonly TxStep[];
  /** The attribute with this id, as the attribute steps of the transaction will leave it. */
  attr(id: string): Attr | undefined;
}

/** Plans a transaction from its steps and the current data. */
export function planTransaction(data: AppData, steps: TxStep[]): TxPlan {
  const ops = [...new Set(steps.map((step) => step.op))];
  const attrs = attrsAfter(data, steps);
  return {
    ops,
    steps: ops.includes('delete-entity') ? withDeletions(data, steps) : steps,
    attr: (id) => attrs.get(id) ?? data.catalog.byId(id),
  };
}

/** The plan with lookups of entities and link targets replaced by ids, if they find something in the current data. */
export function withFoundLookups(data: AppData, plan: TxPlan): TxPlan {
  const found = <T>(ref: T): T | string => (looksLikeLookup(ref) ? (findByLookup(data, ref) ?? ref) : ref);
  const steps = plan.steps.map((step): TxStep => {
    if (!('e' in step)) return step;
    const e = found(step.e);
    if (!isTripleStep(step)) return e === step.e ? step : { ...step, e };
    const v = plan.attr(step.a)?.['reverse-identity'] ? found(step.v) : step.v;
    return e === step.e && v === step.v ? step : { ...step, e, v };
  });
  return { ...plan, steps };
}

/** The steps of one operation. */
export function stepsOf<Op extends TxOp>(plan: TxPlan, op: Op): StepsOf<Op>[] {
  return plan.steps.filter((step): step is StepsOf<Op> => step.op === op);
}

/** The attributes that the transaction itself defines or changes. */
function attrsAfter(data: AppData, steps: TxStep[]): Map<string, Attr> {
  const attrs = new Map<string, Attr>();
  for (const step of steps) {
    if (step.op === 'add-attr' && !data.catalog.byId(step.attr.id)) attrs.set(step.attr.id, step.attr);
    if (step.op !== 'update-attr') continue;
    const before = attrs.get(step.update.id) ?? data.catalog.byId(step.update.id);
    if (before) attrs.set(before.id, { ...before, ...step.update });
  }
  return attrs;
}

/** The steps with all requested and cascading deletions, each with id and namespace. */
function withDeletions(data: AppData, steps: TxStep[]): TxStep[] {
  const others: TxStep[] = [];
  const named: Deletion[] = [];
  const params = new Map<string, JsonObject>();
  for (const step of steps) {
    if (step.op === 'delete-entity') {
      named.push(...resolveDeletion(data, step));
    } else if (step.op === 'rule-params') {
      const e = isLookup(step.e) ? (findByLookup(data, step.e) ?? step.e) : step.e;
      others.push({ ...step, e });
      if (!isLookup(e)) params.set(e, step.params);
    } else {
      others.push(step);
    }
  }
  const cascaded = cascade(data, named);
  // Rules for a cascading deletion get the rule params of the entity that caused it.
  const inherited = cascaded.flatMap(({ e, etype, root }): TxStep[] => {
    const ofRoot = params.get(root);
    return ofRoot ? [{ op: 'rule-params', e, etype, params: ofRoot }] : [];
  });
  const deletions = [...named, ...cascaded].map(
    ({ e, etype }): TxStep => ({ op: 'delete-entity', e, etype }),
  );
  return [...others, ...deletions, ...inherited];
}

/** A lookup that finds nothing deletes nothing, nor does an id in no namespace. */
function resolveDeletion(data: AppData, step: StepsOf<'delete-entity'>): Deletion[] {
  const e = isLookup(step.e) ? findByLookup(data, step.e) : step.e;
  if (e === undefined) return [];
  const etypes = step.etype === undefined ? etypesOf(data, e) : [step.etype];
  return etypes.map((etype) => ({ e, etype }));
}

/** Every namespace that contains an entity. A deleted attribute has a namespace of its own. */
function etypesOf({ catalog, triples }: AppData, e: string): string[] {
  const attrs = triples.attrsOf(e).flatMap((a) => catalog.byId(a) ?? catalog.deletedById(a) ?? []);
  return [...new Set(attrs.map(etypeOf))];
}
