import { type Backend, startBackend } from '@instantdb/node/backend';
import { i, PlatformApi } from '@instantdb/platform';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// `@instantdb/platform` is what instant-cli stands on: it is installed with it, in the same version.

let backend: Backend;
beforeAll(async () => {
  backend = await startBackend();
});
afterAll(() => backend.close());

const called = new Set<string>();

/** The platform as whoever has a token sees it; without one, as anybody. What is called of it is noted. */
function platform(token?: string): PlatformApi {
  const api = new PlatformApi({ apiURI: backend.url, ...(token !== undefined && { auth: { token } }) });
  return new Proxy(api, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      called.add(String(name));
      return value.bind(target);
    },
  });
}

const operator = (): PlatformApi => platform(backend.personalAccessToken);
const posts = (attrs: Parameters<typeof i.entity>[0]) => i.schema({ entities: { posts: i.entity(attrs) } });
const perms = { posts: { allow: { view: 'true', create: 'false' } } };

async function createApp() {
  const { app } = await operator().createApp({
    title: 'Blog',
    schema: posts({ title: i.string(), slug: i.string().unique() }),
    perms,
  });
  return app;
}

/** Writes as an admin, over HTTP. */
async function transact(app: { id: string; adminToken: string }, steps: unknown[]): Promise<void> {
  const response = await fetch(`${backend.url}/admin/transact`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'app-id': app.id,
      authorization: `Bearer ${app.adminToken}`,
    },
    body: JSON.stringify({ steps }),
  });
  expect(response.status).toBe(200);
}

describe('apps', () => {
  test('are created, found, listed, renamed and deleted by the operator', async () => {
    const api = operator();
    const app = await createApp();
    expect(app).toMatchObject({ title: 'Blog', perms, adminToken: expect.any(String) });
    expect(Object.keys(app.schema.entities.posts.attrs)).toEqual(['slug', 'title']);
    const details = { id: app.id, title: 'Blog', createdAt: app.createdAt };
    expect((await api.getApp(app.id)).app).toMatchObject(details);
    const full = (await api.getApp(app.id, { includeSchema: true, includePerms: true })).app;
    expect(full).toMatchObject({ ...details, perms });
    const { apps } = await api.getApps({ includePerms: true, includeSchema: true });
    expect(full.schema).toEqual(app.schema);
    expect(apps.find(({ id }) => id === app.id)).toMatchObject({ ...details, perms, schema: full.schema });
    expect((await api.updateApp(app.id, { title: 'Journal' })).app.title).toBe('Journal');
    expect((await api.deleteApp(app.id)).app.id).toBe(app.id);
    await expect(api.getApp(app.id)).rejects.toMatchObject({ status: 400 });
  });

  test('may be created for a while by anybody', async () => {
    const { app, expiresMs } = await platform().createTemporaryApp({
      title: 'Demo',
      schema: posts({ title: i.string() }),
      rules: { code: perms },
    });
    expect(expiresMs).toBeGreaterThan(app.createdAt.getTime());
    const own = platform(app.adminToken);
    expect((await own.getPerms(app.id)).perms).toEqual(perms);
    expect(Object.keys((await own.getSchema(app.id)).schema.entities.posts.attrs)).toEqual(['title']);
  });

  test('are in no organization', async () => {
    const app = await createApp();
    expect(await operator().getOrgs()).toEqual({ orgs: [] });
    await expect(operator().getAppsForOrg(app.id)).rejects.toMatchObject({
      body: { message: 'Record not found: org' },
    });
  });

  test('are opened by their own admin token, and by no other', async () => {
    const [app, other] = [await createApp(), await createApp()];
    expect((await platform(app.adminToken).getApp(app.id)).app.title).toBe('Blog');
    await expect(platform(app.adminToken).getApp(other.id)).rejects.toMatchObject({
      status: 400,
      body: { hint: { reason: 'admin-token-mismatch' } },
    });
    await expect(platform(crypto.randomUUID()).getApps()).rejects.toMatchObject({ status: 401 });
    await expect(platform().getApps()).rejects.toThrow('not provided auth');
  });
});

describe('permissions', () => {
  test('are pushed and read, or refused with what is wrong', async () => {
    const app = await createApp();
    const api = operator();
    const next = { $default: { allow: { $default: 'false' } } };
    expect((await api.pushPerms(app.id, { perms: next })).perms).toEqual(next);
    expect((await api.getPerms(app.id)).perms).toEqual(next);
    const wrong = { posts: { allow: { view: 'nothing.that.is' } } };
    await expect(api.pushPerms(app.id, { perms: wrong })).rejects.toMatchObject({
      status: 400,
      body: { type: 'validation-failed', hint: { errors: [{ in: ['posts', 'allow', 'view'] }] } },
    });
    expect((await api.getPerms(app.id)).perms).toEqual(next);
  });
});

describe('schemas', () => {
  test('are planned without a change, and pushed with their jobs', async () => {
    const app = await createApp();
    const api = platform(app.adminToken);
    const schema = posts({ title: i.string().indexed(), slug: i.string().unique(), body: i.string() });
    const plan = await api.planSchemaPush(app.id, { schema });
    expect(plan.steps.map(({ type }) => type).sort()).toEqual(['add-attr', 'index']);
    expect(Object.keys((await api.getSchema(app.id)).schema.entities.posts.attrs)).toEqual(['slug', 'title']);
    const { newSchema, steps, summary } = await api.schemaPush(app.id, { schema });
    expect(summary).toMatchObject({ inProgressCount: 0, errorCount: 0 });
    expect(steps.find(({ type }) => type === 'index')).toMatchObject({
      backgroundJob: { status: 'completed' },
    });
    expect(Object.keys(newSchema.entities.posts.attrs)).toEqual(['body', 'slug', 'title']);
    expect((await api.planSchemaPush(app.id, { schema })).steps).toEqual([]);
  });

  test('are told what stands in their way', async () => {
    const app = await createApp();
    const ids = [crypto.randomUUID(), crypto.randomUUID()];
    await transact(
      app,
      ids.map((id, at) => ['update', 'posts', id, { title: 'Same', slug: `${at}` }]),
    );
    const schema = posts({ title: i.string().unique(), slug: i.string().unique() });
    const { summary } = await platform(app.adminToken).schemaPush(app.id, { schema });
    expect(summary.errorCount).toBe(1);
    expect(summary.erroredSteps).toMatchObject([
      { type: 'unique', backgroundJob: { status: 'errored', error: 'triple-not-unique-error' } },
    ]);
  });

  test('that overwrite take away and rename', async () => {
    const app = await createApp();
    const api = platform(app.adminToken);
    const schema = posts({ headline: i.string() });
    const { steps } = await api.schemaPush(app.id, {
      schema,
      overwrite: true,
      renames: ['posts.title:posts.headline'],
    });
    expect(steps.map(({ type }) => type).sort()).toEqual(['delete-attr', 'update-attr']);
    expect(Object.keys((await api.getSchema(app.id)).schema.entities.posts.attrs)).toEqual(['headline']);
  });
});

describe('what is not served', () => {
  test.for<[string, (api: PlatformApi, appId: string) => Promise<unknown>]>([
    ['tokenInfo()', (api) => api.tokenInfo()],
    ['webhooks().manager.list()', (api, appId) => api.webhooks(appId).manager.list()],
    ['backups().list()', (api, appId) => api.backups(appId).list()],
  ])('%s is refused by name', async ([, call]) => {
    const app = await createApp();
    await expect(call(operator(), app.id)).rejects.toMatchObject({
      status: 501,
      body: { message: expect.stringContaining('is not served by this backend yet') },
    });
  });
});

// Last: it looks at what the tests above have called.
test('every method that asks the server was called', () => {
  const local = ['constructor', 'token', 'canRefreshToken', 'refreshToken', 'withRetry'];
  const methods = Object.getOwnPropertyNames(PlatformApi.prototype).filter((name) => !local.includes(name));
  expect(methods.filter((name) => !called.has(name))).toEqual([]);
});
