import { expect, onTestFinished, test } from 'vitest';
import type { JsonObject } from '../../protocol/json.ts';
import { type Backend, type BackendOptions, startBackend } from '../index.ts';
import { HttpClient, type Reply } from '../testing/http-client.ts';
import { RawSession } from '../testing/raw-session.ts';

const KIB = 1024;

interface World {
  readonly backend: Backend;
  readonly anybody: HttpClient;
  /** Moves the clock. */
  pass(ms: number): void;
}

async function serve(ephemeralApps: BackendOptions['ephemeralApps']): Promise<World> {
  let now = Date.parse('2026-01-02T03:04:05Z');
  const options = ephemeralApps === undefined ? {} : { ephemeralApps };
  const backend = await startBackend({ log: () => {}, now: () => now, ...options });
  onTestFinished(() => backend.close());
  return {
    backend,
    anybody: new HttpClient(backend.url),
    pass(ms) {
      now += ms;
    },
  };
}

const create = ({ anybody }: World, fields: JsonObject = {}): Promise<Reply> =>
  anybody.post('/dash/apps/ephemeral', { title: 'x', ...fields });

interface Held {
  readonly id: string;
  readonly admin: HttpClient;
}

async function createApp(world: World): Promise<Held> {
  const { status, body } = await create(world);
  expect(status).toBe(200);
  const { id, 'admin-token': token } = body.app;
  return { id, admin: world.anybody.as(token).with({ 'app-id': id }) };
}

const write = ({ admin }: Held, text: string, id: string = crypto.randomUUID()): Promise<Reply> =>
  admin.post('/admin/transact', { steps: [['update', 'notes', id, { text }]] });

const remove = ({ admin }: Held, id: string): Promise<Reply> =>
  admin.post('/admin/transact', { steps: [['delete', 'notes', id]] });

const upload = ({ admin }: Held, path: string, bytes: number): Promise<Reply> =>
  admin.with({ path }).send('PUT', '/admin/storage/upload', 'x'.repeat(bytes));

const FULL = {
  status: 400,
  body: {
    type: 'validation-failed',
    message: expect.stringContaining('option "ephemeralApps.maxBytes", --max-ephemeral-bytes'),
    hint: { 'data-type': 'ephemeral-app' },
  },
};

test('nobody makes an app where that is switched off, but the operator', async () => {
  const world = await serve(false);
  expect(await create(world)).toMatchObject({
    status: 400,
    body: {
      type: 'permission-denied',
      message: expect.stringContaining('option "ephemeralApps", --no-ephemeral-apps'),
      hint: { expected: 'ephemeral-app-creation' },
    },
  });
  const { backend, anybody } = world;
  const own = { id: crypto.randomUUID(), title: 'Mine', admin_token: crypto.randomUUID() };
  expect((await anybody.as(backend.personalAccessToken).post('/dash/apps', own)).status).toBe(200);
  backend.createApp();
  expect(backend.apps()).toHaveLength(2);
});

test('there are as many as there may be, and more when one goes', async () => {
  const world = await serve({ maxApps: 2 });
  const { backend, anybody } = world;
  backend.createApp();
  const first = await createApp(world);
  await createApp(world);
  expect(await create(world)).toMatchObject({
    status: 400,
    body: {
      type: 'validation-failed',
      message: expect.stringContaining('option "ephemeralApps.maxApps", --max-ephemeral-apps'),
    },
  });
  const operator = anybody.as(backend.personalAccessToken);
  await operator.send('DELETE', `/dash/apps/${first.id}`);
  await createApp(world);
  expect((await create(world)).status).toBe(400);
  world.pass(15 * 24 * 3_600_000 + 1);
  await createApp(world);
  expect(backend.apps()).toHaveLength(2);
});

test('an app that is kept for good is none of them any more', async () => {
  const world = await serve({ maxApps: 1, maxBytes: 64 * KIB });
  const { status, body } = await create(world);
  expect(status).toBe(200);
  const { id, 'admin-token': token } = body.app;
  const app = { id, admin: world.anybody.as(token).with({ 'app-id': id }) };
  expect(await write(app, 'x'.repeat(70 * KIB))).toMatchObject(FULL);
  const operator = world.anybody.as(world.backend.personalAccessToken);
  expect((await operator.post(`/dash/apps/ephemeral/${id}/claim`, { token })).status).toBe(200);
  expect((await write(app, 'x'.repeat(70 * KIB))).status).toBe(200);
  const next = await createApp(world);
  expect((await write(next, 'x'.repeat(30 * KIB))).status).toBe(200);
});

test('all of them share one room, and what would not fit changes nothing', async () => {
  const world = await serve({ maxBytes: 100 * KIB });
  const [one, other] = [await createApp(world), await createApp(world)];
  const id = crypto.randomUUID();
  expect((await write(one, 'x'.repeat(60 * KIB), id)).status).toBe(200);
  expect(await write(other, 'x'.repeat(50 * KIB))).toMatchObject(FULL);
  expect((await other.admin.post('/admin/query', { query: { notes: {} } })).body.notes ?? []).toEqual([]);
  expect((await write(other, 'short')).status).toBe(200);
  // What makes room is taken.
  expect((await write(one, 'x'.repeat(10 * KIB), id)).status).toBe(200);
  expect((await write(other, 'x'.repeat(50 * KIB))).status).toBe(200);
  expect((await remove(one, id)).status).toBe(200);
  expect((await write(one, 'x'.repeat(30 * KIB))).status).toBe(200);
  // An app of the operator's has room of its own.
  const own = world.backend.createApp();
  const admin = world.anybody.as(own.adminToken).with({ 'app-id': own.id });
  expect((await write({ id: own.id, admin }, 'x'.repeat(500 * KIB))).status).toBe(200);
});

test('schemas, rules and titles take room, too', async () => {
  const world = await serve({ maxBytes: 40 * KIB });
  const long = 'x'.repeat(50 * KIB);
  const schema = {
    entities: { notes: { attrs: { [long]: { valueType: 'string', config: {} } }, links: {} } },
  };
  for (const fields of [
    { title: long },
    { schema },
    { rules: { code: { notes: { allow: { view: `"${long}" == ""` } } } } },
  ]) {
    const { status } = await create(world, fields);
    expect(status).toBe(400);
    expect(world.backend.apps()).toEqual([]);
  }
  const app = await createApp(world);
  const rules = { code: { notes: { bind: ['a', `"${'x'.repeat(15 * KIB)}"`] } } };
  const push = () => app.admin.post(`/dash/apps/${app.id}/rules`, rules);
  expect((await push()).status).toBe(200);
  expect((await push()).status).toBe(200);
  expect(await write(app, 'x'.repeat(25 * KIB))).toMatchObject(FULL);
});

test('files take room while they arrive, and until they go', async () => {
  const world = await serve({ maxBytes: 200 * KIB });
  const app = await createApp(world);
  expect(await upload(app, 'a', 250 * KIB)).toMatchObject(FULL);
  expect((await upload(app, 'a', 150 * KIB)).status).toBe(200);
  expect(await upload(app, 'b', 60 * KIB)).toMatchObject(FULL);
  expect(await write(app, 'x'.repeat(60 * KIB))).toMatchObject(FULL);
  expect((await app.admin.send('DELETE', '/admin/storage/files?filename=a')).status).toBe(200);
  const many = await Promise.all(Array.from({ length: 6 }, (_, i) => upload(app, `many ${i}`, 60 * KIB)));
  const taken = many.filter(({ status }) => status === 200);
  expect(taken.length).toBeLessThanOrEqual(3);
  expect((await upload(app, 'last', 10 * KIB)).status).toBe(200);
});

test('a deleted app leaves its room to the others', async () => {
  const world = await serve({ maxBytes: 100 * KIB });
  const operator = world.anybody.as(world.backend.personalAccessToken);
  for (let i = 0; i < 5; i++) {
    const app = await createApp(world);
    expect((await write(app, 'x'.repeat(80 * KIB))).status).toBe(200);
    expect((await operator.send('DELETE', `/dash/apps/${app.id}`)).status).toBe(200);
  }
});

test('streams take room as they are written, once, and until they go', async () => {
  const world = await serve({ maxBytes: 100 * KIB });
  const { body } = await create(world);
  const app = world.backend.app(body.app.id);
  if (!app) throw new Error('There is no app');
  const session = await RawSession.init(world.backend, app, { '__admin-token': app.adminToken });
  const begin = async () => {
    const names = { 'client-id': crypto.randomUUID(), 'reconnect-token': crypto.randomUUID() };
    return String((await session.ask({ op: 'start-stream', ...names }))['stream-id']);
  };
  const append = (id: string, offset: number, bytes: number, done = false) =>
    session.ask({ op: 'append-stream', 'stream-id': id, offset, chunks: ['x'.repeat(bytes)], done });
  const first = await begin();
  session.send({
    op: 'append-stream',
    'stream-id': first,
    offset: 0,
    chunks: ['x'.repeat(40 * KIB)],
    done: false,
  });
  const second = await begin();
  expect(await append(second, 0, 70 * KIB)).toMatchObject({ op: 'error', ...FULL.body });
  // Its end is where the row of its file begins to stand for it.
  session.send({ op: 'append-stream', 'stream-id': first, offset: 40 * KIB, chunks: [], done: true });
  await session.take((message) => message.op === 'stream-flushed' && message['stream-id'] === first);
  expect(await append(second, 0, 70 * KIB)).toMatchObject({ op: 'error', ...FULL.body });
  session.send({
    op: 'append-stream',
    'stream-id': second,
    offset: 0,
    chunks: ['x'.repeat(40 * KIB)],
    done: true,
  });
  await session.take((message) => message.op === 'stream-flushed' && message['stream-id'] === second);
  await session.close();
});

test('what sync tables could catch up on takes no more room than there is, and none from what is written', async () => {
  const world = await serve({ maxBytes: 100 * KIB });
  const { body } = await create(world);
  const app = world.backend.app(body.app.id);
  if (!app) throw new Error('There is no app');
  const held = { id: app.id, admin: world.anybody.as(app.adminToken).with({ 'app-id': app.id }) };
  const id = crypto.randomUUID();
  expect((await write(held, 'first', id)).status).toBe(200);
  const session = await RawSession.init(world.backend, app, { '__admin-token': app.adminToken });
  const start = await session.ask({ op: 'start-sync', q: { notes: {} } });
  expect(start.op).toBe('start-sync-ok');
  const { 'tx-id': from = null } = await session.nextOf('sync-init-finish');
  await session.close();
  for (let i = 0; i < 10; i++) {
    expect((await write(held, `${i}`.repeat(60 * KIB), id)).status).toBe(200);
  }
  const later = await RawSession.init(world.backend, app, { '__admin-token': app.adminToken });
  const again = { 'subscription-id': start['subscription-id'] ?? null, token: start.token ?? null };
  expect(await later.ask({ op: 'resync-table', ...again, 'tx-id': from })).toMatchObject({
    op: 'error',
    message: expect.stringContaining('no longer available'),
  });
  await later.close();
});
