import { id, init } from '@instantdb/admin';
import { type Backend, type BackendApp, startBackend } from '@instantdb/node/backend';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { Project } from './project.ts';

let backend: Backend;
let project: Project;

beforeAll(async () => {
  backend = await startBackend();
});

afterAll(() => backend.close());

beforeEach(async () => {
  project = await Project.create(backend.url);
});

afterEach(() => project.remove());

const schemaFile = (posts: string, rest = ''): string => `
import { i } from '@instantdb/react';

const schema = i.schema({
  entities: {
    $users: i.entity({ email: i.string().unique().indexed().optional(), nickname: i.string().optional() }),
    posts: i.entity({ ${posts} }),
    comments: i.entity({ body: i.string() }),
  },
  links: {
    postComments: {
      forward: { on: 'comments', has: 'one', label: 'post', onDelete: 'cascade' },
      reverse: { on: 'posts', has: 'many', label: 'comments' },
    },
    ${rest}
  },
  rooms: {},
});

export default schema;
`;

const permsFile = (rules: object): string => `
import type { InstantRules } from '@instantdb/react';

const rules = ${JSON.stringify(rules)} satisfies InstantRules;

export default rules;
`;

/** Who asks about which app: with the admin token of that app, as instant-cli reads it from a project's .env. */
function as(app: BackendApp): Record<string, string> {
  return { INSTANT_APP_ID: app.id, INSTANT_APP_ADMIN_TOKEN: app.adminToken };
}

function adminOf(app: { id: string; adminToken: string }) {
  return init({ appId: app.id, adminToken: app.adminToken, apiURI: backend.url });
}

function post(db: ReturnType<typeof adminOf>, values: Record<string, unknown>) {
  return db.transact(db.tx.posts[id()].update(values));
}

test('init-without-files makes an app that can be used at once', async () => {
  const ended = await project.run(['init-without-files', '--title', 'My app'], {
    INSTANT_CLI_AUTH_TOKEN: backend.personalAccessToken,
  });
  expect(ended).toMatchObject({ code: 0, output: expect.stringContaining('Successfully created new app!') });
  const { app, error } = JSON.parse(ended.stdout);
  expect(error).toBeNull();

  const db = adminOf({ id: app.appId, adminToken: app.adminToken });
  await post(db, { title: 'Bears' });
  expect(await db.query({ posts: {} })).toMatchObject({ posts: [{ title: 'Bears' }] });
});

test('init-without-files --temp needs nobody to be logged in', async () => {
  const ended = await project.run(['init-without-files', '--title', 'My app', '--temp']);
  const { app } = JSON.parse(ended.stdout);
  expect(await adminOf({ id: app.appId, adminToken: app.adminToken }).query({ posts: {} })).toEqual({
    posts: [],
  });
});

test('init-without-files says that nobody is logged in', async () => {
  const ended = await project.run(['init-without-files', '--title', 'My app']);
  expect(ended.code).toBe(1);
  expect(JSON.parse(ended.stdout)).toMatchObject({ app: null, error: { message: /log in first/ } });
});

test('push schema makes the attributes and links, once', async () => {
  const app = backend.createApp();
  await project.write(
    'instant.schema.ts',
    schemaFile('title: i.string(), slug: i.string().unique().indexed()'),
  );
  const first = await project.run(['push', 'schema', '--yes'], as(app));
  expect(first).toMatchObject({ code: 0, output: expect.stringContaining('Schema updated!') });

  const db = adminOf(app);
  await post(db, { title: 'Bears', slug: 'bears' });
  await expect(post(db, { title: 'Bears', slug: 'bears' })).rejects.toThrow(/slug/);
  await expect(post(db, { title: 7, slug: 'cats' })).rejects.toThrow(/title/);
  await expect(post(db, { slug: 'cats' })).rejects.toThrow(/title/);
  const [{ id: postId }] = (await db.query({ posts: {} })).posts;
  await db.transact(db.tx.comments[id()].update({ body: 'Rawr' }).link({ post: postId }));
  await db.transact(db.tx.posts[postId].delete());
  expect(await db.query({ comments: {} })).toEqual({ comments: [] });

  const second = await project.run(['push', 'schema', '--yes'], as(app));
  expect(second).toMatchObject({ code: 0, output: expect.stringContaining('No schema changes to apply!') });
});

test('push schema changes what is there: index, unique, type, required, rename and delete', async () => {
  const app = backend.createApp();
  await project.write(
    'instant.schema.ts',
    schemaFile('title: i.string(), rank: i.any().optional(), old: i.any()'),
  );
  await project.run(['push', 'schema', '--yes'], as(app));
  const db = adminOf(app);
  await post(db, { title: 'Bears', rank: 1, old: 'x' });
  await post(db, { title: 'Cats', rank: 2, old: 'y' });

  const changed = 'name: i.string().unique().indexed(), rank: i.number().indexed()';
  await project.write('instant.schema.ts', schemaFile(changed));
  const ended = await project.run(['push', 'schema', '--yes', '--rename', 'posts.title:posts.name'], as(app));
  expect(ended).toMatchObject({ code: 0, output: expect.stringContaining('Schema updated!') });

  const { posts } = await db.query({
    posts: { $: { where: { rank: { $gte: 1 } }, order: { rank: 'desc' } } },
  });
  expect(posts).toEqual([
    { id: expect.any(String), name: 'Cats', rank: 2 },
    { id: expect.any(String), name: 'Bears', rank: 1 },
  ]);
  await expect(post(db, { name: 'Cats', rank: 3 })).rejects.toThrow(/name/);
  await expect(post(db, { name: 'Dogs' })).rejects.toThrow(/rank/);
  const again = await project.run(['push', 'schema', '--yes'], as(app));
  expect(again.output).toContain('No schema changes to apply!');
});

test('push schema tells which data is in the way', async () => {
  const app = backend.createApp();
  await project.write('instant.schema.ts', schemaFile('slug: i.string()'));
  await project.run(['push', 'schema', '--yes'], as(app));
  const db = adminOf(app);
  await post(db, { slug: 'bears' });
  await post(db, { slug: 'bears' });

  await project.write('instant.schema.ts', schemaFile('slug: i.string().unique()'));
  const ended = await project.run(['push', 'schema', '--yes'], as(app));
  expect(ended.output).toMatch(/unique/);
  expect(ended.output).toContain('bears');
  await post(db, { slug: 'bears' });
});

test('push perms puts rules in force, once', async () => {
  const app = backend.createApp();
  const guest = init({ appId: app.id, apiURI: backend.url }).asUser({ guest: true });
  await post(adminOf(app), { title: 'Bears' });
  expect((await guest.query({ posts: {} })).posts).toHaveLength(1);

  await project.write('instant.perms.ts', permsFile({ posts: { allow: { view: 'auth.id != null' } } }));
  const first = await project.run(['push', 'perms', '--yes'], as(app));
  expect(first).toMatchObject({ code: 0, output: expect.stringContaining('Permissions updated!') });
  expect((await guest.query({ posts: {} })).posts).toEqual([]);
  const second = await project.run(['push', 'perms', '--yes'], as(app));
  expect(second).toMatchObject({ code: 0, output: expect.stringContaining('No perms changes to apply!') });
});

test('push perms is refused with the place and the reason', async () => {
  const app = backend.createApp();
  await project.write('instant.perms.ts', permsFile({ posts: { allow: { view: 'nobody == 1' } } }));
  const ended = await project.run(['push', 'perms', '--yes'], as(app));
  expect(ended.code).toBe(1);
  expect(ended.output).toContain('posts->allow->view');
});

test('pull writes a schema and perms that push finds nothing to change in', async () => {
  const app = backend.createApp();
  const rules = { posts: { allow: { view: 'auth.id != null' }, bind: ['isOwner', 'auth.id == data.id'] } };
  const links = `postAuthor: {
      forward: { on: 'posts', has: 'one', label: 'author' },
      reverse: { on: '$users', has: 'many', label: 'posts' },
    },`;
  const types = 'a: i.string(), b: i.number().indexed(), c: i.boolean(), d: i.date().optional(), e: i.json()';
  await project.write('instant.schema.ts', schemaFile(types, links));
  await project.write('instant.perms.ts', permsFile(rules));
  expect(await project.run(['push', '--yes'], as(app))).toMatchObject({ code: 0 });

  const other = await Project.create(backend.url);
  onTestFinished(() => other.remove());
  expect(await other.run(['pull', '--yes'], as(app))).toMatchObject({ code: 0 });
  const [schema, perms] = [await other.read('instant.schema.ts'), await other.read('instant.perms.ts')];
  expect(schema).toContain('from "@instantdb/react"');
  expect(schema).toMatch(/b: i\.number\(\)\.indexed\(\)/);
  expect(schema).toMatch(/d: i\.date\(\)\.optional\(\)/);
  expect(schema).toMatch(/reverse: {\s+on: "\$users",\s+has: "many",\s+label: "posts"/);
  expect(perms).toContain('auth.id != null');
  const ended = await other.run(['push', '--yes'], as(app));
  expect(ended.output).toContain('No schema changes to apply!');
  expect(ended.output).toContain('No perms changes to apply!');
});

test('a token of another app opens nothing', async () => {
  const [app, other] = [backend.createApp(), backend.createApp()];
  const ended = await project.run(['pull', '--yes'], {
    ...as(app),
    INSTANT_APP_ADMIN_TOKEN: other.adminToken,
  });
  expect(ended.code).toBe(1);
  expect(ended.output).toContain('Admin tokens are bound to a single app');
});

test('info, app list, query and app delete work', async () => {
  const app = backend.createApp({ title: 'Listed' });
  const owner = { INSTANT_APP_ID: app.id, INSTANT_CLI_AUTH_TOKEN: backend.personalAccessToken };
  await post(adminOf(app), { title: 'Bears' });

  expect((await project.run(['info'], owner)).output).toContain(`App: Listed (${app.id})`);
  const list = await project.run(['app', 'list', '--json'], owner);
  expect(JSON.parse(list.stdout)).toContainEqual({ id: app.id, title: 'Listed' });
  for (const who of [owner, as(app)]) {
    const query = await project.run(['query', '{ posts: {} }', '--admin'], who);
    expect(JSON.parse(query.stdout)).toMatchObject({ posts: [{ title: 'Bears' }] });
  }
  expect((await project.run(['app', 'delete', '--app', app.id, '--yes'], owner)).output).toContain(
    'Deleted app',
  );
  await expect(adminOf(app).query({ posts: {} })).rejects.toMatchObject({ status: 400 });
});

test('auth sets up clients and origins, and says that no credentials are shared', async () => {
  const app = backend.createApp();
  const credentials = ['--client-id', 'id-1', '--client-secret', 'hush', '--yes'];
  const add = (type: string, ...more: string[]) =>
    project.run(['auth', 'client', 'add', '--type', type, '--name', type, ...more], as(app));
  const shared = await add('google', '--app-type', 'web', '--dev-credentials', '--yes');
  expect(shared.output).toContain('Record not found: shared-oauth-client');
  expect(await add('google', '--app-type', 'web', ...credentials)).toMatchObject({ code: 0 });
  expect(await add('github', ...credentials)).toMatchObject({ code: 0 });
  const run = (...args: string[]) => project.run(['auth', ...args], as(app));
  expect((await run('client', 'delete', '--name', 'github', '--yes')).output).toContain('Client Deleted!');
  const clients = JSON.parse((await run('client', 'list', '--json')).stdout);
  expect(clients).toMatchObject([{ client_name: 'google', client_id: 'id-1' }]);

  expect(
    await run('origin', 'add', '--type', 'website', '--url', 'https://example.com', '--yes'),
  ).toMatchObject({
    code: 0,
  });
  const origins = JSON.parse((await run('origin', 'list', '--json')).stdout);
  expect(origins).toMatchObject([{ service: 'generic', params: ['example.com'] }]);
});
