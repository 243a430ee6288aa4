import type { Attr, CheckedDataType, Ident } from '../../protocol/attr.ts';

/** The kinds of changes of an attribute that look at all of its values. */
const JOB_TYPES = [
  'index',
  'remove-index',
  'unique',
  'remove-unique',
  'required',
  'remove-required',
  'check-data-type',
  'remove-data-type',
] as const;

/** A kind of change of an attribute that looks at all of its values. */
export type JobType = (typeof JOB_TYPES)[number];

/** Which attribute a job changes, and into what. */
export interface JobTarget {
  readonly 'attr-id': string;
  readonly 'forward-identity'?: Ident;
  /** For `check-data-type`. */
  readonly 'checked-data-type'?: CheckedDataType;
}

/** What an attribute is to become: the parts that may change without a look at each value. */
export type AttrChange = Partial<Attr> & Pick<Attr, 'id'>;

/** One step from a schema to another. */
export type SchemaStep =
  | readonly ['add-attr', Attr]
  | readonly ['update-attr', AttrChange]
  | readonly ['delete-attr', string]
  | readonly [JobType, JobTarget];

/** Whether a step is the work of a job. */
export function isJobStep(step: SchemaStep): step is readonly [JobType, JobTarget] {
  return isJobType(step[0]);
}

/** Whether a value names a kind of job. */
export function isJobType(value: unknown): value is JobType {
  return JOB_TYPES.some((type) => type === value);
}
