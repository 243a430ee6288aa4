import type { JsonObject } from '../../protocol/json.ts';
import { ADMIN } from '../permissions/actor.ts';
import { upsert } from '../store/upsert.ts';
import type { Job } from './job.ts';
import type { JobBook } from './job-book.ts';
import type { SchemaApp } from './schema-app.ts';
import { isJobStep, type SchemaStep } from './schema-step.ts';

/** What a push of a schema came to. */
export interface AppliedSteps {
  /** The transaction of the steps that no job does; empty when there was none. */
  readonly transaction: JsonObject;
  /** The steps, each of a job with the id of that. */
  readonly steps: readonly unknown[];
  readonly 'indexing-jobs': { readonly 'group-id': string; readonly jobs: readonly Job[] } | null;
}

/**
 * Brings a schema from where it is to where the steps lead: first, as one transaction, what needs no look at all values
 * of an attribute, then one job after the other. A job that fails leaves its attribute as it was, and the others run.
 *
 * @throws {ServerError} when the transaction is refused; then nothing has changed.
 */
export function applySteps(app: SchemaApp, steps: readonly SchemaStep[], jobs: JobBook): AppliedSteps {
  const direct = steps.filter((step) => !isJobStep(step));
  const transaction = direct.length > 0 ? transact(app, direct) : {};
  const groupId = app.host.newId();
  const ran: Job[] = [];
  const applied = steps.map((step) => {
    if (!isJobStep(step)) return step;
    const [type, target] = step;
    const job = jobs.run(app, type, target, groupId);
    ran.push(job);
    return [type, { ...target, 'job-id': job.id }];
  });
  return {
    transaction,
    steps: applied,
    'indexing-jobs': ran.length > 0 ? { 'group-id': groupId, jobs: ran } : null,
  };
}

function transact(app: SchemaApp, steps: readonly SchemaStep[]): JsonObject {
  const txId = app.transact({ steps, actor: ADMIN });
  return {
    id: txId,
    app_id: app.identity.id,
    created_at: new Date(app.host.now()).toISOString(),
    results: idsByKind(steps),
  };
}

/** Which attributes each kind of step was about. */
function idsByKind(steps: readonly SchemaStep[]): JsonObject {
  const ids = new Map<string, string[]>();
  for (const [kind, attr] of steps) {
    const id = typeof attr === 'string' ? attr : 'id' in attr ? attr.id : attr['attr-id'];
    upsert(ids, kind, (): string[] => []).push(id);
  }
  return Object.fromEntries(ids);
}
