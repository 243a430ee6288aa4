import type { Attr, CheckedDataType } from '../../protocol/attr.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { SortKey } from '../store/value-order.ts';
import type { Cursor, FormOptions } from './query-form.ts';

/** A link as a query walks it: from the end that holds it, or from the far end. */
export interface LinkStep {
  attr: string;
  forward: boolean;
}

/** A part of the order of an attribute's values, as comparisons take them: from and to are in it, and open where they are undefined. */
export interface ValueRange {
  type: CheckedDataType;
  from: SortKey | undefined;
  to: SortKey | undefined;
}

/** What a path asks of the entity it ends at. */
export type Test =
  /** One of these values, by index where there is one; on a reversed link the values are the entities that hold it. */
  | { kind: 'value'; step: LinkStep; indexed: boolean; values: readonly JsonValue[] }
  /** A value that passes; where it must lie in a range, `range` is at least that. */
  | { kind: 'filter'; step: LinkStep; accepts: (value: JsonValue) => boolean; range?: ValueRange }
  /** No value but null; with `missing`, no triple at all. */
  | { kind: 'empty'; step: LinkStep; idAttr: string; missing: boolean }
  /** Some value that is not null. */
  | { kind: 'present'; step: LinkStep; idAttr: string }
  /** An entity id that starts like this. */
  | { kind: 'idPrefix'; idAttr: string; prefix: string };

/** One step of a path: from the entity that `from` names to the one that `to` names. */
export interface Hop extends LinkStep {
  from: string;
  to: string;
}

/** A path of a where clause. */
export interface PathMatch {
  hops: readonly Hop[];
  test: Test;
}

/** The name of the entity that a form looks for. */
export const ROOT = '';

/** A where clause with its labels resolved. */
export type WherePlan =
  /** Paths that must hold together: where two name the same entity on the way, it is one entity. */
  | { kind: 'join'; matches: readonly PathMatch[] }
  /** Parts that hold each for itself. */
  | { kind: 'all' | 'any'; of: readonly WherePlan[] };

/** The order of a top-level form. */
export interface OrderPlan {
  attr: Attr;
  /** The time of the id triple, or the value. */
  by: 'created' | 'value';
  type: CheckedDataType | undefined;
  direction: 'asc' | 'desc';
}

/** Which part of the matches a page shows, and in which order. */
export interface PagePlan {
  order: OrderPlan;
  limit: number | undefined;
  /** Count the limit from the end. */
  fromEnd: boolean;
  offset: number | undefined;
  after: Cursor | undefined;
  afterInclusive: boolean;
  before: Cursor | undefined;
  beforeInclusive: boolean;
}

/** A form whose words were found in the app. */
export interface FormPlan {
  label: string;
  etype: string;
  options: FormOptions;
  idAttr: string | undefined;
  where: WherePlan | undefined;
  page: PagePlan | undefined;
  /** The attributes that are sent for each entity. */
  attrs: readonly Attr[];
  children: readonly ChildPlan[];
}

/** A form under another one. `plan` is undefined where the label, or something in its where clause, is unknown. */
export interface ChildPlan {
  label: string;
  link: { attr: Attr; forward: boolean } | undefined;
  plan: FormPlan | undefined;
}

/** A top-level form. `plan` is undefined where it names something that the app does not have: its answer is empty. */
export interface RootPlan {
  key: string;
  aggregate: 'count' | undefined;
  plan: FormPlan | undefined;
}
