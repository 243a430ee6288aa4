import type { Triple } from '../../protocol/attr.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { PlaceList } from '../store/place-list.ts';
import type { EntityOrder, OrderSpec, Reader } from '../store/reader.ts';
import { type Place, sortKey } from '../store/value-order.ts';
import type { Cursor } from './query-form.ts';
import type { OrderPlan, PagePlan } from './query-plan.ts';

/** A position in an order, in wire form. */
export type WireCursor = [e: string, a: string, v: JsonValue, t: number];

/** The info about a page, under the wire's names. */
export interface PageInfo {
  'start-cursor': WireCursor | null;
  'end-cursor': WireCursor | null;
  'has-next-page?': boolean;
  'has-previous-page?': boolean;
}

/** A row of a page. */
export interface PageRow extends Place {
  cursor: WireCursor;
  /** The triple ordered by; undefined for an entity without a value. */
  triple: Triple | undefined;
}

/** The rows of a page in order, and whether there are more on either side. */
export interface Page<Row extends PageRow> {
  rows: readonly Row[];
  hasNext: boolean;
  hasPrevious: boolean;
}

/** The order that a page is cut from. */
function orderSpec({ order }: PagePlan, idAttr: string): OrderSpec {
  if (order.by === 'created') return { kind: 'created', idAttr };
  return { kind: 'namespace', idAttr, attr: order.attr.id, type: order.type };
}

/** An entity without an id triple has no creation time, and so no place in that order. */
function placeOf(reader: Reader, order: OrderPlan, e: string): Place[] {
  const [triple] = reader.entityAttr(e, order.attr.id);
  if (order.by === 'created') return triple ? [{ e, key: triple[3] }] : [];
  return [{ e, key: sortKey(triple?.[2], order.type) }];
}

/** Sorts matches into an order of their own. */
function orderOf(reader: Reader, order: OrderPlan, matches: Iterable<string>): EntityOrder {
  return new PlaceList([...matches].flatMap((e) => placeOf(reader, order, e)));
}

function row(reader: Reader, order: OrderPlan, idAttr: string | undefined, { e, key }: Place): PageRow {
  const [triple] = reader.entityAttr(e, order.attr.id);
  if (order.by === 'created' && triple) return { e, key, cursor: [...triple], triple };
  const created = triple ?? (idAttr === undefined ? undefined : reader.entityAttr(e, idAttr)[0]);
  return { e, key, cursor: [e, order.attr.id, triple?.[2] ?? null, created?.[3] ?? 0], triple };
}

function placeOfCursor(order: OrderPlan, cursor: Cursor): Place {
  const key = order.by === 'created' ? cursor.t : sortKey(cursor.v, order.type);
  return { key, e: cursor.e };
}

/** The positions of the page in its direction: from its first row to just after its last. */
function window(plan: PagePlan, order: EntityOrder): { from: number; to: number } {
  const down = plan.order.direction === 'desc';
  /** How many places come before the cursor in the page's direction; with `through`, including it. */
  const passed = (cursor: Cursor, through: boolean): number => {
    const place = placeOfCursor(plan.order, cursor);
    return down ? order.size - order.rank(place, !through) : order.rank(place, through);
  };
  let from = plan.after ? passed(plan.after, !plan.afterInclusive) : 0;
  let to = plan.before ? passed(plan.before, plan.beforeInclusive) : order.size;
  const { offset = 0, limit = order.size } = plan;
  if (plan.fromEnd) {
    to -= offset;
    from = Math.max(from, to - limit);
  } else {
    from += offset;
    to = Math.min(to, from + limit);
  }
  return { from, to: Math.max(from, to) };
}

/**
 * Takes the requested page out of `matches`, or, without conditions, out of the whole namespace, at a cost that does
 * not grow with the namespace.
 */
export function takePage(
  reader: Reader,
  plan: PagePlan,
  idAttr: string | undefined,
  matches: Iterable<string> | undefined,
): Page<PageRow> {
  const order =
    matches || idAttr === undefined
      ? orderOf(reader, plan.order, matches ?? [])
      : reader.order(orderSpec(plan, idAttr));
  const { from, to } = window(plan, order);
  const down = plan.order.direction === 'desc';
  const places = down ? order.slice(order.size - to, order.size - from).reverse() : order.slice(from, to);
  const isEmpty = places.length === 0;
  const bounded = plan.limit !== undefined || plan.before !== undefined;
  const skipped = plan.after !== undefined || (plan.offset ?? 0) > 0;
  return {
    rows: places.map((place) => row(reader, plan.order, idAttr, place)),
    hasNext: bounded && !isEmpty && to < order.size,
    hasPrevious: isEmpty ? skipped : (skipped || plan.fromEnd) && from > 0,
  };
}

/** A page's info in wire form; the cursors are those of `rows`, which may be fewer than the page had. */
export function pageInfo<Row extends PageRow>(page: Page<Row>, rows: readonly Row[]): PageInfo {
  return {
    'start-cursor': rows[0]?.cursor ?? null,
    'end-cursor': rows.at(-1)?.cursor ?? null,
    'has-next-page?': page.hasNext,
    'has-previous-page?': page.hasPrevious,
  };
}
