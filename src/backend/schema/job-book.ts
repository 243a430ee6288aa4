import { etypeOf, labelOf } from '../../protocol/attr.ts';
import { changeAttr } from './change-attr.ts';
import type { Job, JobFailure } from './job.ts';
import type { SchemaApp } from './schema-app.ts';
import type { JobTarget, JobType } from './schema-step.ts';

/** Jobs are looked up shortly after they ran, if at all, so keeping the last ones of each app is enough. */
const MAX_JOBS = 1_000;

/** The jobs of all apps and their outcomes. A job runs to completion as soon as it is added. */
export class JobBook {
  readonly #jobs = new WeakMap<SchemaApp, Job[]>();

  /** Runs a job. Whatever prevents it is not thrown but reported in the job. */
  run(app: SchemaApp, type: JobType, target: JobTarget, groupId: string | null = null): Job {
    const attr = app.data.catalog.byId(target['attr-id']);
    const work = attr ? app.data.triples.attrSize(attr.id) : 0;
    const started = new Date(app.host.now()).toISOString();
    const failure = changeAttr(app, type, target);
    const done = new Date(app.host.now()).toISOString();
    const job: Job = {
      id: app.host.newId(),
      app_id: app.identity.id,
      group_id: groupId,
      attr_id: target['attr-id'],
      attr_name: attr ? `${etypeOf(attr)}.${labelOf(attr)}` : null,
      job_type: type,
      work_estimate: work,
      work_completed: work,
      checked_data_type: target['checked-data-type'] ?? null,
      created_at: started,
      updated_at: done,
      ...outcomeOf(failure, done),
    };
    this.#add(app, job);
    return job;
  }

  /** A job by its id. */
  find(app: SchemaApp, id: string): Job | undefined {
    return this.#of(app).find((job) => job.id === id);
  }

  /** The jobs of one push, in their order. */
  group(app: SchemaApp, groupId: string): Job[] {
    return this.#of(app).filter((job) => job.group_id === groupId);
  }

  #of(app: SchemaApp): readonly Job[] {
    return this.#jobs.get(app) ?? [];
  }

  #add(app: SchemaApp, job: Job): void {
    const jobs = this.#jobs.get(app) ?? [];
    jobs.push(job);
    if (jobs.length > MAX_JOBS) jobs.shift();
    this.#jobs.set(app, jobs);
  }
}

type Outcome = Pick<
  Job,
  | 'job_status'
  | 'job_stage'
  | 'error'
  | 'error_data'
  | 'done_at'
  | 'invalid_unique_value'
  | 'invalid_triples_sample'
>;

function outcomeOf(failure: JobFailure | undefined, done: string): Outcome {
  return {
    job_status: failure ? 'errored' : 'completed',
    job_stage: failure ? 'validate' : 'update-attr-done',
    error: failure?.error ?? null,
    error_data: failure?.error_data ?? null,
    done_at: failure ? null : done,
    invalid_unique_value: failure?.invalid_unique_value ?? null,
    invalid_triples_sample: failure?.invalid_triples_sample ?? null,
  };
}
