import { id, type NodeConfig } from '@instantdb/node';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Input, Step } from '../programs/database.ts';
import { buildProgram, type Child } from '../support/child.ts';
import { fakeInstant } from '../support/fake-instant.ts';
import { addressOf, open, serve, serveApp } from '../support/open.ts';
import { goal } from '../support/schema.ts';

let program: Awaited<ReturnType<typeof buildProgram>>;
beforeAll(async () => {
  program = await buildProgram('database');
});
afterAll(() => program.remove());

function start(config: NodeConfig, steps: Step[]): Child {
  return program.start({ config, steps } satisfies Input);
}

/** Nothing that went wrong, and nothing said of it. */
const byItself = { code: 0, signal: null, errors: '' };
/** Where the server is away for a while, which the process may have noticed and logged. */
const byItselfAnyway = { code: 0, signal: null };

test.each(['close', 'shutdown'] as const)('a process ends by itself after %s()', async (end) => {
  const child = start(await serveApp(), ['query', 'transact', end]);
  expect(await child.ended).toEqual(byItself);
  expect(child.lines.all).toEqual(['query', 'transact', end]);
});

test('a process ends by itself after close() when the peer never answers the close frame', async () => {
  const { address } = await fakeInstant({ answersClose: false });
  const child = start(address, ['ready', 'query', 'transact', 'close']);
  expect(await child.ended).toEqual(byItself);
  expect(child.lines.all.at(-1)).toBe('close');
});

test('a process ends by itself after close() when no server was ever there', async () => {
  const { close, apiURI, websocketURI } = await fakeInstant();
  await close();
  expect(await start({ appId: id(), apiURI, websocketURI }, ['close']).ended).toMatchObject(byItselfAnyway);
});

test('a process ends by itself after close() when the server takes connections and says nothing', async () => {
  const { apiURI, websocketURI } = await fakeInstant({ handshake: () => 'ignore' });
  expect(await start({ appId: id(), apiURI, websocketURI }, ['close']).ended).toMatchObject(byItselfAnyway);
});

test('a process with keepAlive false ends by itself without close()', async () => {
  const config = { ...(await serveApp()), keepAlive: false };
  const child = start(config, ['hold', 'query', 'transact', 'let-go']);
  expect(await child.ended).toEqual(byItself);
  expect(child.lines.all.at(-1)).toBe('let-go');
});

test('a process with keepAlive false ends by itself while a handshake is not answered', async () => {
  const { apiURI, websocketURI } = await fakeInstant({ handshake: () => 'ignore' });
  expect(await start({ appId: id(), apiURI, websocketURI, keepAlive: false }, []).ended).toEqual(byItself);
});

test('an open database keeps a process running, with and without a connection, until close()', async () => {
  const first = await serve();
  const app = first.createApp();
  const address = addressOf(first, app);
  const child = start(address, ['ready', 'close-on-change']);
  await child.lines.first((line) => line === 'close-on-change');
  await first.close();
  await child.lines.first((line) => line === 'closed' || line === 'connecting');

  const { startBackend } = await import('@instantdb/node/backend');
  await using second = await startBackend({ port: first.port });
  second.createApp({ id: app.id });
  await child.lines.first((line) => line === 'authenticated');
  const db = open(address, { schema: undefined as never });
  await db.ready();
  await db.transact(goal(id()).create({ title: 'Run' }));
  expect(await child.ended).toMatchObject(byItselfAnyway);
  expect(child.lines.all.at(-1)).toBe('closed');
});

test('a process runs until close() has ended, also where the storage fails to be read, and then ends', async () => {
  const failing = await buildProgram('failing-storage');
  onTestFinished(() => failing.remove());
  const child = failing.start(null);
  expect(await child.ended).toEqual(byItself);
  expect(child.lines.all).toEqual(['closed']);
});
