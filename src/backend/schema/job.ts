import type { CheckedDataType } from '../../protocol/attr.ts';
import type { JsonType, JsonValue } from '../../protocol/json.ts';
import type { JobType } from './schema-step.ts';

/** A value that prevents a job. */
export interface InvalidTriple {
  readonly entity_id: string;
  readonly value: JsonValue;
  readonly json_type: JsonType;
}

/** Why a job changed nothing. */
export interface JobFailure {
  readonly error:
    | 'invalid-triple-error'
    | 'triple-not-unique-error'
    | 'triple-too-large-error'
    | 'missing-required-error'
    | 'invalid-attr-state-error'
    | 'unexpected-error';
  /** Up to ten of the values that prevent it. */
  readonly invalid_triples_sample?: readonly InvalidTriple[];
  /** The value that several entities share. */
  readonly invalid_unique_value?: JsonValue;
  readonly error_data?: JsonValue;
}

/** A job that changes an attribute after checking all of its values, as clients see it. */
export interface Job {
  readonly id: string;
  readonly app_id: string;
  /** The jobs of one push form a group; null for a job requested on its own. */
  readonly group_id: string | null;
  readonly attr_id: string;
  readonly attr_name: string | null;
  readonly job_type: JobType;
  readonly job_status: 'completed' | 'errored';
  readonly job_stage: string;
  readonly work_estimate: number;
  readonly work_completed: number;
  readonly error: JobFailure['error'] | null;
  readonly error_data: JsonValue;
  readonly checked_data_type: CheckedDataType | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly done_at: string | null;
  readonly invalid_unique_value: JsonValue;
  readonly invalid_triples_sample: readonly InvalidTriple[] | null;
}
