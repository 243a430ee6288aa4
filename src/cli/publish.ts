import type { Backend, BackendApp } from '../backend/index.ts';
import { type Refusal, refusalText } from '../backend/refusal-text.ts';
import type { Definition } from './load-definition.ts';
import { UsageError } from './usage-error.ts';

/** What an app is to have; undefined leaves what there is. */
export interface Definitions {
  readonly schema: Definition | undefined;
  readonly rules: Definition | undefined;
}

/** Pushes a schema and rules to an app that is there, as `instant-cli push` does. */
export async function publish(
  backend: Backend,
  app: BackendApp,
  { schema, rules }: Definitions,
): Promise<void> {
  if (schema !== undefined) {
    const body = { schema: schema.content, check_types: true };
    await post(backend, `/dash/apps/${app.id}/schema/push/apply`, body, schema);
  }
  if (rules !== undefined) {
    await post(backend, `/dash/apps/${app.id}/rules`, { code: rules.content }, rules);
  }
}

/** The error of a file that the backend refuses. */
export function cannotUse({ file }: Definition, refusal: Refusal): UsageError {
  return new UsageError(`Cannot use "${file}": ${refusalText(refusal)}`);
}

async function post(backend: Backend, path: string, body: unknown, source: Definition): Promise<void> {
  const response = await fetch(`${backend.url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${backend.personalAccessToken}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  });
  if (response.status === 200) return;
  const { message = `HTTP ${response.status}`, hint } = (await response.json()) as Partial<Refusal>;
  throw cannotUse(source, { message, hint });
}
