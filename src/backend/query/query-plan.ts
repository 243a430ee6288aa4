import type { Attr, CheckedDataType } from '../../protocol/attr.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { SortKey } from '../store/value-order.ts';
import type { Cursor, FormOptions } from './query-form.ts';

/** A link in the direction a query follows it: from the end that holds it, or from the other one. */
export interface LinkStep {
  attr: string;
  forward: boolean;
}

/**
 * A range in the order of an attribute's values, as comparisons use it: both bounds are inclusive, and open if
 * undefined.
 */
export interface ValueRange {
  type: CheckedDataType;
  from: SortKey | undefined;
  to: SortKey | undefined;
}

/** What a path requires of the entity it ends at. */
export type Test =
  /** One of these values, by index if there is one; on a reversed link, the values are the entities that hold it. */
  | { kind: 'value'; step: LinkStep; indexed: boolean; values: readonly JsonValue[] }
  /** A value that passes; if all such values lie in a range, `range` covers it. */
  | { kind: 'filter'; step: LinkStep; accepts: (value: JsonValue) => boolean; range?: ValueRange }
  /** No value except null; with `missing`, no triple at all. */
  | { kind: 'empty'; step: LinkStep; idAttr: string; missing: boolean }
  /** A value other than null. */
  | { kind: 'present'; step: LinkStep; idAttr: string }
  /** An entity id with this prefix. */
  | { kind: 'idPrefix'; idAttr: string; prefix: string };

/** One step of a path, from the entity named `from` to the one named `to`. */
export interface Hop extends LinkStep {
  from: string;
  to: string;
}

/** A path of a where clause. */
export interface PathMatch {
  hops: readonly Hop[];
  test: Test;
}

/** The name of the entity that a form searches for. */
export const ROOT = '';

/** A where clause with its labels resolved. */
export type WherePlan =
  /** Paths that must hold together: an intermediate entity that several of them name is the same entity. */
  | { kind: 'join'; matches: readonly PathMatch[] }
  /** Parts that hold independently. */
  | { kind: 'all' | 'any'; of: readonly WherePlan[] };

/** The order of a top-level form. */
export interface OrderPlan {
  attr: Attr;
  /** The time of the id triple, or the value. */
  by: 'created' | 'value';
  type: CheckedDataType | undefined;
  direction: 'asc' | 'desc';
}

/** Which part of the matches a page shows, and in what order. */
export interface PagePlan {
  order: OrderPlan;
  limit: number | undefined;
  /** Whether the limit counts from the end. */
  fromEnd: boolean;
  offset: number | undefined;
  after: Cursor | undefined;
  afterInclusive: boolean;
  before: Cursor | undefined;
  beforeInclusive: boolean;
}

/** A form whose names were found in the app. */
export interface FormPlan {
  label: string;
  etype: string;
  options: FormOptions;
  idAttr: string | undefined;
  where: WherePlan | undefined;
  page: PagePlan | undefined;
  /** The attributes sent for each entity. */
  attrs: readonly Attr[];
  children: readonly ChildPlan[];
}

/** A child form. `plan` is undefined if its label, or a name in its where clause, is unknown. */
export interface ChildPlan {
  label: string;
  link: { attr: Attr; forward: boolean } | undefined;
  plan: FormPlan | undefined;
}

/** A top-level form. `plan` is undefined if it names something that the app lacks: its answer is empty. */
export interface RootPlan {
  key: string;
  aggregate: 'count' | undefined;
  plan: FormPlan | undefined;
}
