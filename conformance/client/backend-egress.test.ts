import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Backend, type BackendOptions, startBackend } from '@instantdb/node/backend';
import { expect, onTestFinished, test } from 'vitest';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';

// What an app that anybody may make has the backend ask, and what it must not have it ask: two addresses of this
// machine play a provider of identities that the operator allows, and a service inside.
const PROVIDER = '127.0.0.2';
const INSIDE = '127.0.0.1';

interface World {
  readonly backend: Backend;
  readonly port: number;
  /** What the service inside was asked for. */
  readonly trapped: string[];
  /** What the provider was asked for. */
  readonly asked: string[];
  /** Changes what the provider says of itself. */
  readonly discovery: Record<string, unknown>;
}

async function listen(server: Server, host: string, at = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(at, host, resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function world(options: (port: number) => BackendOptions = () => ({})): Promise<World> {
  const trapped: string[] = [];
  const asked: string[] = [];
  const inside = createServer((request, response) => {
    trapped.push(`${request.method} ${request.url}`);
    response.end('{"issuer":"inside"}');
  });
  inside.on('connection', () => trapped.push('a connection'));
  const port = await listen(inside, INSIDE);
  const origin = `http://${PROVIDER}:${port}`;
  const discovery: Record<string, unknown> = {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    userinfo_endpoint: `${origin}/userinfo`,
    jwks_uri: `${origin}/keys`,
  };
  await listen(
    createServer((request: IncomingMessage, response: ServerResponse) => {
      asked.push(`${request.method} ${request.url}`);
      if (request.url === '/away') response.writeHead(302, { location: `http://${INSIDE}:${port}/` });
      const answers: Record<string, unknown> = { '/discovery': discovery, '/token': { access_token: 'x' } };
      response.end(JSON.stringify(answers[request.url ?? ''] ?? {}));
    }),
    PROVIDER,
    port,
  );
  const backend = await startBackend({ log: () => {}, ...options(port) });
  onTestFinished(() => backend.close());
  return { backend, port, trapped, asked, discovery };
}

type Body = Record<string, Record<string, string>>;

async function post(address: string, body: object, token?: string): Promise<{ status: number; body: Body }> {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Body };
}

/** Does what anybody can: makes an app and has it know a provider. */
async function appOfAnybody({ url }: Backend, discoveryEndpoint: string): Promise<string> {
  const { body } = await post(`${url}/dash/apps/ephemeral`, { title: 'Mine' });
  const { id = '', 'admin-token': token = '' } = body.app ?? {};
  await addClient(url, { id, token }, discoveryEndpoint);
  return id;
}

async function addClient(url: string, app: { id: string; token: string }, endpoint: string): Promise<void> {
  const at = `${url}/dash/apps/${app.id}`;
  const made = await post(`${at}/oauth_service_providers`, { provider_name: 'theirs' }, app.token);
  const client = {
    provider_id: made.body.provider?.id,
    client_name: 'theirs',
    client_id: 'x',
    discovery_endpoint: endpoint,
  };
  expect((await post(`${at}/oauth_clients`, client, app.token)).status).toBe(200);
}

const query = (appId: string): string =>
  new URLSearchParams({ app_id: appId, client_name: 'theirs', redirect_uri: 'http://localhost/' }).toString();

const start = (url: string, appId: string): Promise<Response> =>
  fetch(`${url}/runtime/oauth/start?${query(appId)}`, { redirect: 'manual' });

// Signed with a key that only the provider knows, as far as can be told.
const ID_TOKEN = `${btoa('{"alg":"RS256","kid":"a"}').replaceAll('=', '')}.e30.x`;

const signIn = (url: string, appId: string) =>
  post(`${url}/runtime/oauth/id_token`, { app_id: appId, client_name: 'theirs', id_token: ID_TOKEN });

/** Goes to the provider and back, with a code that it would have given. */
async function roundTrip(url: string, appId: string): Promise<string> {
  const departure = await start(url, appId);
  expect(departure.status, await departure.text()).toBe(302);
  const state = new URL(departure.headers.get('location') ?? '').searchParams.get('state') ?? '';
  const cookie = departure.headers.get('set-cookie')?.split(';')[0] ?? '';
  const arrival = await fetch(`${url}/runtime/oauth/callback?${new URLSearchParams({ state, code: 'c' })}`, {
    redirect: 'manual',
    headers: { cookie },
  });
  await arrival.text();
  return new URL(arrival.headers.get('location') ?? '').searchParams.get('error') ?? '';
}

test.each([
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f.1',
  '0.0.0.0',
  'localhost',
  'a.localhost',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[64:ff9b::7f00:1]',
])('an app that anybody made has nothing inside asked: %s', async (host) => {
  const { backend, port, trapped } = await world();
  const origin = `http://${host}:${port}`;
  const appId = await appOfAnybody(backend, `${origin}/.well-known/openid-configuration`);
  const response = await start(backend.url, appId);
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({
    type: 'oauth-error',
    error: `Unable to fetch OAuth configuration. If ${new URL(origin).origin} is on the machine or the network of this backend, its operator has to allow it: option "allowProviders", --allow-provider`,
  });
  expect((await signIn(backend.url, appId)).status).toBe(400);
  expect(trapped).toEqual([]);
});

test('a provider that the operator allows leads nowhere else', async () => {
  const allowing = await world((port) => ({ allowProviders: [`http://${PROVIDER}:${port}`] }));
  const { backend, port, trapped, asked, discovery } = allowing;
  const provider = `http://${PROVIDER}:${port}`;
  const inside = `http://${INSIDE}:${port}`;
  const appFor = (): Promise<string> => appOfAnybody(backend, `${provider}/discovery`);

  expect((await start(backend.url, await appFor())).status).toBe(302);
  expect(asked).toEqual(['GET /discovery']);

  Object.assign(discovery, { jwks_uri: `${inside}/keys` });
  expect((await signIn(backend.url, await appFor())).body.error).toMatch(/^Unable to fetch the keys/);

  Object.assign(discovery, { userinfo_endpoint: `${inside}/userinfo` });
  expect(await roundTrip(backend.url, await appFor())).toMatch(
    /^Invalid token exchanging code for token\. If/,
  );
  expect(asked).toContain('POST /token');

  Object.assign(discovery, { token_endpoint: `${inside}/token` });
  expect(await roundTrip(backend.url, await appFor())).toMatch(/^Error exchanging code for token\. If/);

  expect((await start(backend.url, await appOfAnybody(backend, `${provider}/away`))).status).toBe(400);
  expect(asked).toContain('GET /away');
  expect(trapped).toEqual([]);
});

test('an app that the program made has its providers anywhere, and follows no redirect either', async () => {
  const { backend, port, trapped, asked } = await world();
  const clientOf = (path: string) => ({
    name: 'theirs',
    clientId: 'x',
    discoveryEndpoint: `http://${PROVIDER}:${port}${path}`,
  });
  const app = backend.createApp({ signIn: { oauthClients: [clientOf('/discovery')] } });
  expect((await start(backend.url, app.id)).status).toBe(302);
  const redirected = backend.createApp({ signIn: { oauthClients: [clientOf('/away')] } });
  const response = await start(backend.url, redirected.id);
  expect(await response.json()).toMatchObject({ error: 'Unable to fetch OAuth configuration.' });
  expect(asked).toEqual(['GET /discovery', 'GET /away']);
  expect(trapped).toEqual([]);
});

test.runIf(hasSqlite)('what an app may have asked stays the same when it is kept', async () => {
  const { port, asked } = await world();
  const data = temporaryFolder();
  const before = await startBackend({ log: () => {}, data });
  const discoveryEndpoint = `http://${PROVIDER}:${port}/discovery`;
  const own = before.createApp({
    signIn: { oauthClients: [{ name: 'theirs', clientId: 'x', discoveryEndpoint }] },
  });
  const theirs = await appOfAnybody(before, discoveryEndpoint);
  await before.close();
  const after = await startBackend({ log: () => {}, data });
  onTestFinished(() => after.close());
  expect((await start(after.url, theirs)).status).toBe(400);
  expect(asked).toEqual([]);
  expect((await start(after.url, own.id)).status).toBe(302);
});

test('an app that was made with the operator’s token over HTTP is like that of anybody', async () => {
  const { backend, port, asked } = await world();
  const token = backend.personalAccessToken;
  const id = crypto.randomUUID();
  const app = { id, title: 'Theirs', admin_token: crypto.randomUUID() };
  expect((await post(`${backend.url}/dash/apps`, app, token)).status).toBe(200);
  await addClient(backend.url, { id, token }, `http://${PROVIDER}:${port}/discovery`);
  expect((await start(backend.url, id)).status).toBe(400);
  expect(asked).toEqual([]);
});
