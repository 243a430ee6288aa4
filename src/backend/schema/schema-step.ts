import { type Attr, type CheckedDataType, type Ident, isCheckedDataType } from '../../protocol/attr.ts';

/** The kinds of attribute changes that check all values. */
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

/** A kind of attribute change that checks all values. */
export type JobType = (typeof JOB_TYPES)[number];

/** The attribute that a job changes, and how. */
export interface JobTarget {
  readonly 'attr-id': string;
  readonly 'forward-identity'?: Ident;
  /** For `check-data-type`. */
  readonly 'checked-data-type'?: CheckedDataType;
}

/** The parts of an attribute that can change without checking every value. */
export type AttrChange = Partial<Attr> & Pick<Attr, 'id'>;

/** One step from one schema to another. */
export type SchemaStep =
  | readonly ['add-attr', Attr]
  | readonly ['update-attr', AttrChange]
  | readonly ['delete-attr', string]
  | readonly [JobType, JobTarget];

/** Whether a step is done by a job. */
export function isJobStep(step: SchemaStep): step is readonly [JobType, JobTarget] {
  return isJobType(step[0]);
}

/** Whether a value names a kind of job. */
export function isJobType(value: unknown): value is JobType {
  return JOB_TYPES.some((type) => type === value);
}

/** A type that values can be checked against, or undefined for anything else. */
export function asCheckedDataType(value: unknown): CheckedDataType | undefined {
  return isCheckedDataType(value) ? value : undefined;
}
