import type { Backend, BackendApp, DataSet } from '../backend/index.ts';
import { isUuid } from '../protocol/uuid.ts';
import { readJson } from './read-json.ts';
import { UsageError } from './usage-error.ts';

/** The content of a new app: a data set as `snapshot()` returns it, or the steps of a transaction. */
export type Seed =
  | { readonly is: 'data-set'; readonly data: Partial<DataSet> }
  | { readonly is: 'steps'; readonly steps: unknown[] };

/**
 * Reads a seed from a JSON file. It is one of: a snapshot; a list of steps, as `POST /admin/transact` takes them; or
 * entities by namespace, with or without an `id`.
 *
 * @throws {UsageError} when it is none of them.
 */
export function readSeed(file: string): Seed {
  const content = readJson(file);
  if (Array.isArray(content)) return { is: 'steps', steps: content };
  if (typeof content !== 'object' || content === null) throw unusable(file, 'it is no object');
  if ('attrs' in content || 'triples' in content)
    return { is: 'data-set', data: content as Partial<DataSet> };
  return {
    is: 'steps',
    steps: Object.entries(content).flatMap(([etype, list]) => stepsFor(file, etype, list)),
  };
}

function stepsFor(file: string, etype: string, list: unknown): unknown[] {
  if (!Array.isArray(list)) throw unusable(file, `"${etype}" is no list of entities`);
  return list.map((entity: unknown, i) => {
    if (typeof entity !== 'object' || entity === null)
      throw unusable(file, `"${etype}" at ${i} is no entity`);
    const { id = crypto.randomUUID(), ...values } = entity as Record<string, unknown>;
    if (!isUuid(id)) throw unusable(file, `the id of "${etype}" at ${i} is no UUID`);
    return ['update', etype, id, values];
  });
}

function unusable(file: string, problem: string): UsageError {
  return new UsageError(`Cannot seed from "${file}": ${problem}`);
}

/** Fills an app. @throws {UsageError} when the app refuses it. */
export async function sow(backend: Backend, app: BackendApp, seed: Seed): Promise<void> {
  if (seed.is === 'data-set') return app.load(seed.data);
  const response = await fetch(`${backend.url}/admin/transact`, {
    method: 'POST',
    headers: {
      'app-id': app.id,
      authorization: `Bearer ${app.adminToken}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ steps: seed.steps }),
  });
  if (response.status === 200) return;
  const { message } = (await response.json()) as { message?: string };
  throw new UsageError(`Cannot seed the app: ${message ?? response.status}`);
}
