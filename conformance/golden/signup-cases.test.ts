import { type Backend, type BackendApp, startBackend } from '@instantdb/node/backend';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FakeProvider, startFakeProvider } from '../../src/backend/testing/fake-provider.ts';
import { expectHolds } from './expect-holds.ts';
import { loadCases, openCase } from './fixture.ts';
import { unknownPermCaseParts } from './known-perm-parts.ts';
import type { AnyPermCase, SignupCase } from './perm-case.ts';
import { contentOf } from './protocol-runner.ts';
import { errorDifferences, type WireError } from './tx-expectations.ts';

// The cases of perm-cases.json that sign up, over HTTP.

/** Golden cases live where `GOLDEN_DIR` says; other sets in the same format can be run by naming theirs. */
const folder = process.env.GOLDEN_DIR ?? import.meta.dirname;
const cases = loadCases<AnyPermCase>(folder, 'perm-cases.json').filter((one) => one.action === 'signup');

let backend: Backend;
let provider: FakeProvider;
beforeAll(async () => {
  backend = await startBackend();
  provider = await startFakeProvider(Date.now);
});
afterAll(() => Promise.all([backend.close(), provider.close()]));

interface Answer {
  status: number;
  body: { user?: object; created?: boolean; code?: string } & Partial<WireError>;
}

async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${backend.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

function admin(app: BackendApp, path: string, body: object): Promise<Answer> {
  return post(`/admin/${path}`, body, { 'app-id': app.id, authorization: `Bearer ${app.adminToken}` });
}

async function signUp(app: BackendApp, { via, request }: SignupCase): Promise<Answer> {
  const { email, sub, extraFields } = request;
  switch (via) {
    case 'magic-code': {
      await post('/runtime/auth/send_magic_code', { 'app-id': app.id, email });
      const code = backend.magicCode(app, String(email));
      const fields = { 'app-id': app.id, email, code, 'extra-fields': extraFields };
      return post('/runtime/auth/verify_magic_code', fields);
    }
    case 'admin-magic-code': {
      const { body } = await admin(app, 'magic_code', { email });
      return admin(app, 'verify_magic_code', { email, code: body.code, 'extra-fields': extraFields });
    }
    case 'oauth': {
      const idToken = await provider.sign({ sub, email, email_verified: true });
      const fields = { app_id: app.id, client_name: 'fake', id_token: idToken, extra_fields: extraFields };
      return post('/runtime/oauth/id_token', fields);
    }
    case 'guest':
      return post('/runtime/auth/sign_in_guest', { 'app-id': app.id, 'extra-fields': extraFields });
    default:
      throw new Error(`Unknown way to sign up in a golden case: ${JSON.stringify(via satisfies never)}`);
  }
}

test.each(cases.map((one) => [one.id, one] as const))('%s', async (_, one) => {
  expectHolds(unknownPermCaseParts(one));
  const { clientId, clientSecret, discoveryEndpoint } = provider;
  const oauthClients = [{ name: 'fake', provider: 'fake', clientId, clientSecret, discoveryEndpoint }];
  const app = backend.createApp({ signIn: { oauthClients } });
  app.load(contentOf(openCase(folder, one)));
  app.setRules((one.rules ?? null) as Parameters<typeof app.setRules>[0]);
  const { status, body } = await signUp(app, one);
  const { allowed, created, user, error } = one.expect;
  expect({ status, body }).toMatchObject({ status: one.expect.status ?? (allowed ? 200 : 400) });
  if (created !== undefined) expect(body.created).toBe(created);
  if (user) expect(body.user).toMatchObject(user);
  if (error) expectHolds(errorDifferences(body as WireError, error));
});

test.runIf(process.env.GOLDEN_DIR === undefined)('every case is run', () => {
  expect(cases).toHaveLength(7);
});
