import type { JsonValue } from '../../protocol/json.ts';

/** A value that a where clause can compare with. */
export type Scalar = string | number | boolean;

/** The operators that compare by order or by pattern. */
export type ComparatorName = '$gt' | '$gte' | '$lt' | '$lte' | '$like' | '$ilike';

/** What a where clause asks of the value at the end of a path. */
export type ValueCheck =
  | { op: 'equals'; value: Scalar }
  | { op: 'in'; values: (Scalar | null)[] }
  | { op: 'not'; value: Scalar }
  | { op: 'isNull'; isNull: boolean }
  | { op: 'compare'; comparator: ComparatorName; value: Scalar };

/** A where clause as it was written: what its words mean for an app is not looked at yet. */
export type Condition =
  | { kind: 'value'; path: readonly string[]; check: ValueCheck }
  | { kind: 'and' | 'or'; of: readonly Condition[] };

/** A place in the order of a page: a triple as an earlier page-info gave it. */
export interface Cursor {
  e: string;
  a: string;
  v: JsonValue;
  t: number;
}

/** The options of a form, its `$`. */
export interface FormOptions {
  /** Conditions that all must hold; undefined: every entity of the namespace. */
  where?: readonly Condition[];
  order?: { label: string; direction: 'asc' | 'desc' };
  limit?: number;
  last?: number;
  offset?: number;
  after?: Cursor;
  afterInclusive?: boolean;
  before?: Cursor;
  beforeInclusive?: boolean;
  aggregate?: 'count';
  fields?: readonly string[];
}

/** One form of a query: at the top a namespace, below it a link label of the form above. */
export interface QueryForm {
  label: string;
  /** The labels from the top down to this form, its own included. */
  path: readonly string[];
  options: FormOptions;
  children: readonly QueryForm[];
}

/** A query whose grammar was found to be right. */
export interface ParsedQuery {
  forms: readonly QueryForm[];
  /** The query's `$$ruleParams`, for permission rules. */
  ruleParams: Readonly<Record<string, unknown>>;
}
