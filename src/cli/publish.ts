import type { Backend, BackendApp } from '../backend/index.ts';
import { UsageError } from './usage-error.ts';

/** Pushes a schema and rules to an app that is there, as `instant-cli push` does; undefined leaves what there is. */
export async function publish(
  backend: Backend,
  app: BackendApp,
  { schema, rules }: { schema: unknown; rules: unknown },
): Promise<void> {
  if (schema !== undefined) {
    await post(backend, `/dash/apps/${app.id}/schema/push/apply`, { schema, check_types: true });
  }
  if (rules !== undefined) await post(backend, `/dash/apps/${app.id}/rules`, { code: rules });
}

async function post(backend: Backend, path: string, body: unknown): Promise<void> {
  const response = await fetch(`${backend.url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${backend.personalAccessToken}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  });
  if (response.status === 200) return;
  const { message } = (await response.json()) as { message?: string };
  throw new UsageError(`Cannot push to the app: ${message ?? response.status}`);
}
