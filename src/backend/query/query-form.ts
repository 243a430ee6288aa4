import type { JsonValue } from '../../protocol/json.ts';

/** A value that a where clause can compare to. */
export type Scalar = string | number | boolean;

/** The operators that compare by order or by pattern. */
export type ComparatorName = '$gt' | '$gte' | '$lt' | '$lte' | '$like' | '$ilike';

/** What a where clause requires of the value at the end of a path. */
export type ValueCheck =
  | { op: 'equals'; value: Scalar }
  | { op: 'in'; values: (Scalar | null)[] }
  | { op: 'not'; value: Scalar }
  | { op: 'isNull'; isNull: boolean }
  | { op: 'compare'; comparator: ComparatorName; value: Scalar };

/** A where clause as written: its names are not resolved in an app yet. */
export type Condition =
  | { kind: 'value'; path: readonly string[]; check: ValueCheck }
  | { kind: 'and' | 'or'; of: readonly Condition[] };

/** A position in the order of a page: a triple from an earlier page-info. */
export interface Cursor {
  e: string;
  a: string;
  v: JsonValue;
  t: number;
}

/** The options of a form, its `$`. */
export interface FormOptions {
  /** Conditions that must all hold; undefined for every entity of the namespace. */
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

/** One form of a query: a namespace at the top level, and below it a link label of the form above. */
export interface QueryForm {
  label: string;
  /** The labels from the top level down to and including this form. */
  path: readonly string[];
  options: FormOptions;
  children: readonly QueryForm[];
}

/** A query that is syntactically valid. */
export interface ParsedQuery {
  forms: readonly QueryForm[];
  /** The query's `$$ruleParams`, for permission rules. */
  ruleParams: Readonly<Record<string, unknown>>;
}
