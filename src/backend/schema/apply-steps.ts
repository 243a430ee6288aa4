import type { JsonObject } from '../../protocol/json.ts';
import { ADMIN } from '../permissions/actor.ts';
import { upsert } from '../store/upsert.ts';
import type { Job } from './job.ts';
import type { JobBook } from './job-book.ts';
import type { SchemaApp } from './schema-app.ts';
import { isJobStep, type SchemaStep } from './schema-step.ts';

/** The result of pushing a schema. */
export interface AppliedSteps {
  /** The transaction of the steps that are not jobs; empty if there was none. */
  readonly transaction: JsonObject;
  /** The steps; those that are jobs include the job's id. */
  readonly steps: readonly unknown[];
  readonly 'indexing-jobs': { readonly 'group-id': string; readonly jobs: readonly Job[] } | null;
}

/**
 * Applies the steps of a schema: first, in one transaction, those that do not require reading all values of an
 * attribute, then one job after another. A job that fails leaves its attribute unchanged, and the others still run.
 *
 * @throws {ServerError} when the transaction is refused; nothing has changed then.
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

/** The ids of the attributes affected by each kind of step. */
function idsByKind(steps: readonly SchemaStep[]): JsonObject {
  const ids = new Map<string, string[]>();
  for (const [kind, attr] of steps) {
    const id = typeof attr === 'string' ? attr : 'id' in attr ? attr.id : attr['attr-id'];
    upsert(ids, kind, (): string[] => []).push(id);
  }
  return Object.fromEntries(ids);
}
