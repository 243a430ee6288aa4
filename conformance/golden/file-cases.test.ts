import { type Backend, type BackendApp, startBackend } from '@instantdb/node/backend';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GoldenCase, loadCases } from './fixture.ts';

// The cases of perm-cases.json that go through the endpoints for files.

interface FileCase extends Omit<GoldenCase, 'setup'> {
  readonly action: string;
  readonly via: 'admin-upload' | 'admin-delete' | 'admin-bulk-delete';
  readonly rules: object;
  readonly setup?: readonly { op: string; path: string; bytes: number[] }[];
  readonly impersonate?: Readonly<Record<string, string>>;
  readonly request: {
    readonly path?: string;
    readonly 'content-type'?: string;
    readonly bytes?: number[];
    readonly filename?: string;
    readonly filenames?: string[];
  };
  readonly expect: { status: number; error?: object; deletedCount?: number };
}

/** Golden cases live where `GOLDEN_DIR` says; other sets in the same format can be run by naming theirs. */
const folder = process.env.GOLDEN_DIR ?? import.meta.dirname;
const cases = loadCases<FileCase & GoldenCase>(folder, 'perm-cases.json');
const fileCases: FileCase[] = cases.filter(
  ({ action }) => action === 'file-upload' || action === 'file-delete',
);

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend();
});
afterAll(() => backend.close());

const asAdmin = ({ id, adminToken }: BackendApp): Record<string, string> => ({
  'app-id': id,
  authorization: `Bearer ${adminToken}`,
});

async function send(path: string, init: RequestInit): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${backend.url}/admin/${path}`, init);
  return { status: response.status, body: await response.json() };
}

function upload(path: string, bytes: number[], headers: Record<string, string>) {
  return send('storage/upload', {
    method: 'PUT',
    headers: { 'content-type': 'text/plain', ...headers, path },
    body: new Uint8Array(bytes),
  });
}

function run({ via, request }: FileCase, headers: Record<string, string>) {
  const json = { ...headers, 'content-type': 'application/json' };
  switch (via) {
    case 'admin-upload':
      return upload(String(request.path), request.bytes ?? [], headers);
    case 'admin-delete':
      return send(`storage/files?filename=${request.filename}`, { method: 'DELETE', headers });
    case 'admin-bulk-delete':
      return send('storage/files/delete', {
        method: 'POST',
        headers: json,
        body: JSON.stringify({ filenames: request.filenames }),
      });
  }
}

/** The headers that impersonate, with the token of the user whom they name. */
async function impersonate(app: BackendApp, headers: Readonly<Record<string, string>> = {}) {
  const email = Object.values(headers)
    .join()
    .match(/\S+@[^>\s]+/)?.[0];
  if (email === undefined) return headers;
  const { body } = await send('refresh_tokens', {
    method: 'POST',
    headers: { ...asAdmin(app), 'content-type': 'application/json' },
    body: JSON.stringify({ email }),
  });
  const { user } = body as { user: { refresh_token: string } };
  return headers['as-token'] === undefined ? headers : { 'as-token': user.refresh_token };
}

test.runIf(process.env.GOLDEN_DIR === undefined)('every case is run', () => {
  expect(fileCases).toHaveLength(6);
});

test.each(fileCases.map((one) => [one.id, one] as const))('%s', async (_, one) => {
  const app = backend.createApp();
  for (const { op, path, bytes } of one.setup ?? []) {
    expect(op).toBe('upload-file');
    expect((await upload(path, bytes, asAdmin(app))).status).toBe(200);
  }
  app.setRules(one.rules);
  const { status, body } = await run(one, { ...asAdmin(app), ...(await impersonate(app, one.impersonate)) });
  expect(status).toBe(one.expect.status);
  if (one.expect.error) expect(body).toMatchObject(one.expect.error);
  const { data } = body as { data?: { ids?: string[]; id?: string } };
  if (one.expect.deletedCount !== undefined) expect(data?.ids).toHaveLength(one.expect.deletedCount);
  else if (status === 200) expect(data?.id).toEqual(expect.any(String));
});
