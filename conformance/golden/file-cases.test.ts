import { type Backend, type BackendApp, startBackend } from '@instantdb/node/backend';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectHolds } from './expect-holds.ts';
import { loadCases, openCase } from './fixture.ts';
import { unknownPermCaseParts } from './known-perm-parts.ts';
import type { AnyPermCase, FileCase, UploadOp } from './perm-case.ts';
import { contentOf } from './protocol-runner.ts';
import { errorDifferences, type WireError } from './tx-expectations.ts';
import { splitSetup, uploadFile } from './upload.ts';

// The cases of perm-cases.json that go through the endpoints for files.

/** Golden cases live where `GOLDEN_DIR` says; other sets in the same format can be run by naming theirs. */
const folder = process.env.GOLDEN_DIR ?? import.meta.dirname;
const cases = loadCases<AnyPermCase>(folder, 'perm-cases.json').filter(
  (one): one is FileCase => one.action === 'file-upload' || one.action === 'file-delete',
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

function upload(op: Omit<UploadOp, 'op'>, headers: Record<string, string>) {
  return uploadFile(backend.url, op, headers);
}

function run({ via, request }: FileCase, headers: Record<string, string>) {
  const json = { ...headers, 'content-type': 'application/json' };
  switch (via) {
    case 'admin-upload':
      return upload({ bytes: [], ...request, path: String(request.path) }, headers);
    case 'admin-delete':
      return send(`storage/files?filename=${request.filename}`, { method: 'DELETE', headers });
    case 'admin-bulk-delete':
      return send('storage/files/delete', {
        method: 'POST',
        headers: json,
        body: JSON.stringify({ filenames: request.filenames }),
      });
    default:
      throw new Error(`Unknown endpoint for files in a golden case: ${JSON.stringify(via satisfies never)}`);
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

/** The app of a case after its setup, under its rules. */
async function appOf(one: FileCase): Promise<BackendApp> {
  const app = backend.createApp();
  const { setup, uploads } = splitSetup(one.setup);
  app.load(contentOf(openCase(folder, { ...one, setup })));
  for (const op of uploads) expect((await upload(op, asAdmin(app))).status).toBe(200);
  app.setRules((one.rules ?? null) as Parameters<typeof app.setRules>[0]);
  return app;
}

test.runIf(process.env.GOLDEN_DIR === undefined)('every case is run', () => {
  expect(cases).toHaveLength(6);
});

test.each(cases.map((one) => [one.id, one] as const))('%s', async (_, one) => {
  expectHolds(unknownPermCaseParts(one));
  const { allowed, error, deletedCount } = one.expect;
  const app = await appOf(one);
  const { status, body } = await run(one, { ...asAdmin(app), ...(await impersonate(app, one.impersonate)) });
  expect(status).toBe(one.expect.status ?? (allowed ? 200 : 400));
  if (error) expectHolds(errorDifferences(body as WireError, error));
  const { data } = body as { data?: { ids?: string[]; id?: string } };
  if (deletedCount !== undefined) expect(data?.ids).toHaveLength(deletedCount);
  else if (allowed) expect(data?.id ?? data?.ids).toBeDefined();
});
