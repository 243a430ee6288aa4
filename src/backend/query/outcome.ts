import type { Triple } from '../../protocol/attr.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import { type Page, type PageInfo, type PageRow, pageInfo } from './page.ts';
import { type Proof, proofVisitor } from './proof.ts';
import type { ChildPlan, FormPlan } from './query-plan.ts';

/** An entity in an answer. One reached in several ways is a single object. */
export interface EntityResult {
  e: string;
  /** Why the form matches it; undefined in a child form without conditions, where the link is reason enough. */
  proof: Proof | undefined;
  /** The values that are sent. */
  values: readonly Triple[];
  children: readonly ChildResult[];
}

/** The answer to a child form for one entity. */
export interface ChildResult {
  plan: ChildPlan;
  linked: readonly { link: Triple; entity: EntityResult }[];
}

/** A row of a page, with the entity that it shows. */
export interface EntityRow extends PageRow {
  entity: EntityResult;
}

/** The answer to a top-level form. */
export type FormResult = { key: string } & (
  | { kind: 'unknown' }
  | { kind: 'count'; plan: FormPlan; count: number }
  | { kind: 'entities'; plan: FormPlan; entities: readonly EntityResult[] }
  | { kind: 'page'; plan: FormPlan; page: Page<EntityRow> }
);

/** The answer to a query. */
export interface QueryOutcome {
  /** The results form by form, from which the other members are derived. */
  forms: readonly FormResult[];
  /** The distinct triples of the whole answer. */
  triples: Triple[];
  /** By top-level key, if a page was requested. */
  pageInfo: Record<string, PageInfo>;
  /** By top-level key, if an aggregate was requested. */
  aggregate: Record<string, { count: number }>;
  /** The query's `$$ruleParams`. */
  ruleParams: Readonly<Record<string, unknown>>;
  /** The attributes in use when the answer was computed. */
  catalog: AttrCatalog;
}

/** The entities of a top-level form, in order if it is a page. */
export function entitiesOf(form: FormResult): readonly EntityResult[] {
  if (form.kind === 'entities') return form.entities;
  return form.kind === 'page' ? form.page.rows.map((row) => row.entity) : [];
}

/** Defines an own property for any key: assigning to `__proto__` would replace the prototype. */
export function setOwn<T>(target: Record<string, T>, key: string, value: T): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function collectTriples(forms: readonly FormResult[]): Triple[] {
  // A stored triple is a single array, so encountering it twice yields the same object.
  const triples = new Set<Triple>();
  const seen = new Set<EntityResult>();
  const take = (triple: Triple): void => void triples.add(triple);
  const takeProof = proofVisitor(take);
  const visit = (entity: EntityResult): void => {
    if (seen.has(entity)) return;
    seen.add(entity);
    if (entity.proof) takeProof(entity.proof);
    entity.values.forEach(take);
    for (const child of entity.children) {
      for (const { link, entity: inner } of child.linked) {
        take(link);
        visit(inner);
      }
    }
  };
  for (const form of forms) {
    if (form.kind === 'page') for (const { triple } of form.page.rows) if (triple) take(triple);
    entitiesOf(form).forEach(visit);
  }
  return [...triples];
}

/** Combines the results of a query's forms into an outcome. */
export function gatherOutcome(
  forms: readonly FormResult[],
  rest: Pick<QueryOutcome, 'ruleParams' | 'catalog'>,
): QueryOutcome {
  const outcome: QueryOutcome = {
    forms,
    triples: collectTriples(forms),
    pageInfo: {},
    aggregate: {},
    ...rest,
  };
  for (const form of forms) {
    if (form.kind === 'page') setOwn(outcome.pageInfo, form.key, pageInfo(form.page, form.page.rows));
    if (form.kind === 'count') setOwn(outcome.aggregate, form.key, { count: form.count });
  }
  return outcome;
}
