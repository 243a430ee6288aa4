import type { Backend, BackendApp } from '../backend/index.ts';
import { type Refusal, refusalText } from '../backend/refusal-text.ts';
import type { Job } from '../backend/schema/job.ts';
import { planPush } from '../backend/schema/plan-push.ts';
import type { SchemaStep } from '../backend/schema/schema-step.ts';
import type { Attr } from '../protocol/attr.ts';
import { ServerError } from '../protocol/error.ts';
import type { Definition } from './load-definition.ts';
import { UsageError } from './usage-error.ts';

/** What to push to an app; undefined leaves the current schema or rules alone. */
export interface Definitions {
  readonly schema: Definition | undefined;
  readonly rules: Definition | undefined;
}

/** Pushes a schema and rules to an existing app, as `instant-cli push` does. */
export async function publish(
  backend: Backend,
  app: BackendApp,
  { schema, rules }: Definitions,
): Promise<void> {
  if (schema !== undefined) await pushSchema(backend, app, schema);
  if (rules !== undefined) {
    await ask(backend, `/dash/apps/${app.id}/rules`, rules, { code: rules.content });
  }
}

/** Waits until a new app is on disk: makes a request, which the backend does not answer before that. */
export async function untilKept(backend: Backend, app: BackendApp): Promise<void> {
  const path = `/dash/apps/${app.id}/schema/pull`;
  await (await fetch(`${backend.url}${path}`, { headers: headersFor(backend) })).text();
}

/** The part of the answer to `steps/apply` that is read here. */
interface Applied {
  readonly 'indexing-jobs': { readonly jobs: readonly Job[] } | null;
}

async function pushSchema(backend: Backend, app: BackendApp, schema: Definition): Promise<void> {
  const path = `/dash/apps/${app.id}/schema`;
  const { attrs } = (await ask(backend, `${path}/pull`, schema)) as { attrs: Attr[] };
  const steps = planned(schema, attrs);
  if (steps.length === 0) return;
  const applied = (await ask(backend, `${path}/steps/apply`, schema, { steps })) as Applied;
  for (const { attr_name, error, job_status, job_type } of applied['indexing-jobs']?.jobs ?? []) {
    if (job_status === 'completed') continue;
    console.error(
      `Pushed "${schema.file}" but for ${job_type} of ${attr_name}: the data does not allow it (${error})`,
    );
  }
}

function planned(schema: Definition, attrs: readonly Attr[]): readonly SchemaStep[] {
  try {
    return planPush(schema.content, attrs);
  } catch (error) {
    throw error instanceof ServerError ? cannotUse(schema, error) : error;
  }
}

/** The error for a file that the backend refuses. */
export function cannotUse({ file }: Definition, refusal: Refusal): UsageError {
  return new UsageError(`Cannot use "${file}": ${refusalText(refusal)}`);
}

/** Sends a request that is about a file, as a POST when there is a body, and returns the answer. */
async function ask(backend: Backend, path: string, source: Definition, body?: object): Promise<unknown> {
  const response = await fetch(`${backend.url}${path}`, {
    headers: headersFor(backend),
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  });
  if (response.status === 200) return response.json();
  const { message = `HTTP ${response.status}`, hint } = (await response.json()) as Partial<Refusal>;
  throw cannotUse(source, { message, hint });
}

function headersFor({ personalAccessToken }: Backend): Record<string, string> {
  return { authorization: `Bearer ${personalAccessToken}`, 'content-type': 'application/json' };
}
