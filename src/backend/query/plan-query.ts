import type { Attr } from '../../protocol/attr.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import { queryError } from './grammar.ts';
import { planPage } from './plan-page.ts';
import { farEtype, planWhere, resolveLink, UnknownLabelError } from './plan-where.ts';
import type { ParsedQuery, QueryForm } from './query-form.ts';
import type { ChildPlan, FormPlan, RootPlan } from './query-plan.ts';

/** What planning requires. */
export interface PlanContext {
  catalog: AttrCatalog;
  query: unknown;
  admin: boolean;
}

/** The attributes of cardinality one that a form sends for its entities, always including `id`. */
function sentAttrs(catalog: AttrCatalog, etype: string, fields: readonly string[] | undefined): Attr[] {
  const attrs = fields
    ? new Set(['id', ...fields].flatMap((field) => catalog.byForward(etype, field) ?? []))
    : catalog.ofEtype(etype);
  return [...attrs].filter((attr) => attr.cardinality === 'one');
}

function planChild(context: PlanContext, form: QueryForm, etype: string): ChildPlan {
  const link = resolveLink(context.catalog, etype, form.label);
  return { label: form.label, link, plan: link && planForm(context, form, farEtype(link)) };
}

/** Undefined if the form itself names something unknown; an unknown child does not affect its parent. */
function planForm(context: PlanContext, form: QueryForm, etype: string): FormPlan | undefined {
  const { options } = form;
  const { catalog, query } = context;
  const scope = { catalog, query, etype, path: form.path };
  const isTop = form.path.length === 1;
  const idAttr = catalog.byForward(etype, 'id')?.id;
  if (isTop && !options.where && idAttr === undefined) return undefined;
  const conditions = unlessUnknown(() => ({
    where: options.where && planWhere(scope, options.where),
    page: isTop ? planPage(scope, options) : undefined,
  }));
  // Children of an empty form are not answered, but their errors are reported.
  const children = form.children.map((child) => planChild(context, child, etype));
  const attrs = sentAttrs(catalog, etype, options.fields);
  return conditions && { label: form.label, etype, options, idAttr, ...conditions, attrs, children };
}

function unlessUnknown<T>(plan: () => T): T | undefined {
  try {
    return plan();
  } catch (error) {
    if (error instanceof UnknownLabelError) return undefined;
    throw error;
  }
}

function assertAggregate(context: PlanContext, form: QueryForm): void {
  if (!form.options.aggregate) return;
  const at = [...form.path, '$', 'aggregate'];
  if (!context.admin) {
    const message = 'Aggregates are currently only available for admin queries.';
    throw queryError(context.query, { expected: 'admin?', in: at, message });
  }
  if (form.children.length > 0) {
    const message = 'You can not combine aggregates with child queries at this time.';
    throw queryError(context.query, { expected: 'valid-query?', in: at, message });
  }
}

function assertAggregates(context: PlanContext, forms: readonly QueryForm[]): void {
  for (const form of forms) {
    assertAggregate(context, form);
    assertAggregates(context, form.children);
  }
}

/** Resolves the names of a query in an app; throws if one denotes something that cannot be queried. */
export function planQuery(context: PlanContext, parsed: ParsedQuery): RootPlan[] {
  const plans = parsed.forms.map((form) => ({
    key: form.label,
    aggregate: form.options.aggregate,
    plan: planForm(context, form, form.label),
  }));
  assertAggregates(context, parsed.forms);
  return plans;
}
