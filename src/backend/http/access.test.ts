import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Apps } from '../apps/apps.ts';
import type { BackendHost } from '../apps/backend-host.ts';
import { type Backend, type BackendApp, startBackend } from '../index.ts';
import type { SseSessions } from '../sessions/sse-sessions.ts';
import { HttpClient } from '../testing/http-client.ts';
import type { Route } from './requests/router.ts';
import { allRoutes } from './routes.ts';
import { unservedRoutes } from './unserved-routes.ts';

/** What anybody may ask for: these check what is in the body or the address, where there is something to check. */
const PUBLIC: ReadonlySet<string> = new Set([
  'GET /',
  'GET /health',
  'GET /health/system',
  'GET /dash/cli/version',
  'POST /dash/apps/ephemeral',
  'POST /dash/apps/:app_id/track-import',
  'POST /dash/cli/auth/register',
  'GET /runtime/sse',
  'POST /runtime/auth/send_magic_code',
  'POST /runtime/auth/sign_in_guest',
  'POST /runtime/signout',
  'GET /runtime/:app_id/.well-known/openid-configuration',
  'POST /runtime/framework/query',
]);

const SECRET = 'only for those who may';

// The handlers are made and not called: what they would need is not there.
const nothing = {} as Apps & BackendHost & SseSessions;
const unserved = new Set(unservedRoutes().map(({ path }) => path));
const routes = allRoutes(nothing, nothing, nothing).filter(
  ({ path }) => !path.endsWith('*') && !unserved.has(path),
);

let backend: Backend;
let app: BackendApp;
let credentials: ReadonlyMap<string, string | undefined>;
let locationId: string;

beforeAll(async () => {
  backend = await startBackend({ log: () => {} });
  const closed = { allow: { $default: 'false' } };
  app = backend.createApp({ rules: { $default: closed, $users: { allow: { create: 'true' } } } });
  const other = backend.createApp();
  const http = new HttpClient(backend.url);
  const admin = http.as(app.adminToken).with({ 'app-id': app.id });
  await admin.post('/admin/transact', {
    steps: [['update', 'notes', crypto.randomUUID(), { text: SECRET }]],
  });
  const upload = await admin.with({ path: 'note.txt' }).send('PUT', '/admin/storage/upload', SECRET);
  locationId = upload.body.data['location-id'];
  const guestOf = async (id: string): Promise<string> =>
    (await http.post('/runtime/auth/sign_in_guest', { 'app-id': id })).body.user.refresh_token;
  credentials = new Map([
    ['nothing', undefined],
    ['a token that is none', crypto.randomUUID()],
    ["another app's admin token", other.adminToken],
    ["another app's user", await guestOf(other.id)],
    ['a user whom no rule lets do anything', await guestOf(app.id)],
  ]);
});
afterAll(() => backend.close());

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

function addressOf({ path }: Route): string {
  const known: Record<string, string> = { app_id: app.id, app: app.id, location: locationId };
  const filled = path.replace(/:(\w+)/g, (_, name: string) => known[name] ?? crypto.randomUUID());
  return `${backend.url}${filled}?app_id=${app.id}&filename=note.txt&room-id=hall&room-type=hall&email=a@example.com`;
}

async function ask(
  route: Route,
  token: string | undefined,
  origin?: string,
): Promise<{ status: number; text: string }> {
  const body = JSON.stringify({
    'app-id': app.id,
    app_id: app.id,
    email: 'a@example.com',
    title: 'x',
    filename: 'note.txt',
    filenames: ['note.txt'],
    query: { notes: {} },
    steps: [],
    code: {},
    token,
    'admin-token': token,
  });
  const response = await fetch(addressOf(route), {
    method: route.method,
    redirect: 'manual',
    headers: {
      'app-id': app.id,
      path: 'note.txt',
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(origin !== undefined && { origin }),
    },
    ...(route.method !== 'GET' && { body }),
  });
  if (response.headers.get('content-type') === 'text/event-stream') {
    await response.body?.cancel();
    return { status: response.status, text: '' };
  }
  return { status: response.status, text: await response.text() };
}

describe('each endpoint', () => {
  test.each(routes.map((route) => [nameOf(route), route] as const))('%s', async (name, route) => {
    for (const [whose, token] of credentials) {
      const { status, text } = await ask(route, token);
      const isOpen = status < 300;
      expect({ whose, status, isOpen: isOpen && !PUBLIC.has(name) }).toMatchObject({ whose, isOpen: false });
      expect(status, text).toBeLessThan(500);
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain(app.adminToken);
      expect(text).not.toContain(backend.personalAccessToken);
    }
  });

  const changing = routes.filter(({ method, path }) => method !== 'GET' && path.startsWith('/dash'));
  test.each(changing.map((route) => [nameOf(route), route] as const))(
    '%s is not for the page of a website, whoever is signed in there',
    async (_name, route) => {
      const { status, text } = await ask(route, backend.personalAccessToken, 'https://example.com');
      expect({ status, text }).toMatchObject({ status: 403, text: expect.stringContaining('allowOrigins') });
    },
  );

  test('that is public is there', () => {
    const names = new Set(routes.map(nameOf));
    expect([...PUBLIC].filter((name) => !names.has(name))).toEqual([]);
  });
});
