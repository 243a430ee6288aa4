import { type Attr, etypeOf, labelOf } from '../../protocol/attr.ts';
import { validationFailed } from '../../protocol/error.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import { type QueryPath, queryError } from './grammar.ts';
import type { Cursor, FormOptions } from './query-form.ts';
import type { OrderPlan, PagePlan } from './query-plan.ts';

/** The context in which a page is planned. */
export interface PageScope {
  catalog: AttrCatalog;
  query: unknown;
  etype: string;
  path: QueryPath;
}

const CREATED = 'serverCreatedAt';
const DEFAULT_ORDER = { label: CREATED, direction: 'asc' } as const;

/** Why an attribute cannot be ordered by; empty if it can. */
function orderProblems(attr: Attr): string[] {
  const name = `\`${etypeOf(attr)}.${labelOf(attr)}\``;
  const lacks = (what: string, rule: string): string =>
    `The ${name} attribute is not ${what}. Only ${rule} attributes can be used to order by.`;
  const problems: string[] = [];
  if (!attr['index?']) problems.push(lacks('indexed', 'indexed and typed'));
  if (!attr['checked-data-type']) problems.push(lacks('typed', 'typed and indexed'));
  if (attr.cardinality !== 'one') {
    problems.push(
      `The ${name} attribute has cardinality \`${attr.cardinality}\`. Only attributes with cardinality \`one\` can be used to order by.`,
    );
  }
  return problems;
}

function planOrder(scope: PageScope, options: FormOptions): OrderPlan {
  const { label, direction } = options.order ?? DEFAULT_ORDER;
  const created = label === CREATED;
  const name = created ? 'id' : label;
  const attr = scope.catalog.byForward(scope.etype, name);
  const at = [...scope.path, '$', 'order'];
  if (!attr) {
    const message = `There is no \`${name}\` attribute for ${scope.etype}.`;
    throw queryError(scope.query, { expected: 'supported-order?', in: at, message });
  }
  if (created) return { attr, by: 'created', type: undefined, direction };
  const problems = orderProblems(attr);
  if (problems.length > 0) {
    const issues = problems.map((message) => ({ expected: 'supported-order?', in: at, message }));
    throw validationFailed('query', scope.query, issues);
  }
  return { attr, by: 'value', type: attr['checked-data-type'], direction };
}

function orderName(attr: Attr | undefined): string {
  if (!attr) return 'a missing attribute';
  return `\`${labelOf(attr) === 'id' ? CREATED : labelOf(attr)}\``;
}

function checkCursor(
  scope: PageScope,
  order: OrderPlan,
  name: 'before' | 'after',
  cursor: Cursor | undefined,
): void {
  if (!cursor || cursor.a === order.attr.id) return;
  const orders = `The query orders by ${orderName(order.attr)}, but the query that returned the cursor orders by ${orderName(scope.catalog.byId(cursor.a))}.`;
  const message = `Invalid ${name} cursor. ${orders}`;
  throw queryError(scope.query, { expected: 'valid-cursor?', in: [...scope.path, '$', name], message });
}

/** The page that a top-level form requests; undefined if none. Throws if the order is not possible. */
export function planPage(scope: PageScope, options: FormOptions): PagePlan | undefined {
  const { order, limit, last, offset, before, after } = options;
  const asked = [order, limit, last, offset, before, after].some((option) => option !== undefined);
  if (!asked) return undefined;
  const planned = planOrder(scope, options);
  checkCursor(scope, planned, 'before', before);
  checkCursor(scope, planned, 'after', after);
  return {
    order: planned,
    limit: limit ?? last,
    fromEnd: last !== undefined,
    offset,
    after,
    afterInclusive: options.afterInclusive ?? false,
    before,
    beforeInclusive: options.beforeInclusive ?? false,
  };
}
