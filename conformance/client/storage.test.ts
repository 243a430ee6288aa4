import { init, lookup } from '@instantdb/node';
import { type BackendApp, startBackend } from '@instantdb/node/backend';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

const RULES = {
  $files: { allow: { view: 'true', create: "data.path.startsWith('open/')", delete: 'true' } },
};

let backend: Awaited<ReturnType<typeof startBackend>>;
let app: BackendApp;
beforeAll(async () => {
  backend = await startBackend();
  app = backend.createApp({ rules: RULES });
});
afterAll(() => backend.close());

function open() {
  const db = init({ appId: app.id, apiURI: backend.url, websocketURI: backend.websocketURI });
  onTestFinished(() => db.close());
  return db;
}

test('db.storage.uploadFile() stores a file that live queries show with its address', async () => {
  const db = open();
  const seen = new Promise<{ id: string; path: string; url: string; size: number }>((resolve) => {
    db.subscribeQuery({ $files: {} }, ({ data }) => {
      const file = data?.$files[0];
      if (file) resolve(file as never);
    });
  });
  const bytes = new Uint8Array(100_000).map((_, i) => i % 253);
  const file = new File([bytes], 'a.bin', { type: 'application/x-test' });
  const { data } = await db.storage.uploadFile('open/a.bin', file, { contentDisposition: 'inline' });
  const { id, path, url, size } = await seen;
  expect({ id, path, size }).toEqual({ id: data.id, path: 'open/a.bin', size: 100_000 });
  const response = await fetch(url);
  expect(response.headers.get('content-type')).toBe('application/x-test');
  expect(response.headers.get('content-disposition')).toBe('inline');
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
  expect(await db.storage.getDownloadUrl('open/a.bin')).toBe(url);
});

test('db.storage.uploadFile() replaces the file with the same path', async () => {
  const db = open();
  const first = await db.storage.uploadFile('open/b', new File(['one'], 'b'));
  const second = await db.storage.uploadFile('open/b', new File(['two'], 'b'));
  expect(second.data.id).toBe(first.data.id);
  expect(await (await fetch(await db.storage.getDownloadUrl('open/b'))).text()).toBe('two');
});

test('db.storage.uploadFile() rejects with what the rules say', async () => {
  const db = open();
  await expect(db.storage.uploadFile('closed/a', new File(['x'], 'a'))).rejects.toMatchObject({
    body: { type: 'permission-denied', hint: { input: ['$files', 'create'] } },
  });
});

test('db.storage.delete() takes a file away, and its content with it', async () => {
  const db = open();
  const { data } = await db.storage.uploadFile('open/c', new File(['x'], 'c'));
  const url = await db.storage.getDownloadUrl('open/c');
  // Core unwraps the answer once more than its types say.
  expect(await db.storage.delete('open/c')).toEqual({ id: data.id });
  expect(await db.storage.delete('open/c')).toEqual({ id: null });
  expect((await fetch(url)).status).toBe(404);
});

test('a file can be renamed by transaction where the rules let, and keeps its content', async () => {
  app.setRules({ ...RULES, $files: { allow: { ...RULES.$files.allow, update: 'true' } } });
  onTestFinished(() => app.setRules(RULES));
  const db = open();
  await db.ready();
  await db.storage.uploadFile('open/d', new File(['same'], 'd'));
  const { $files: files } = db.tx as unknown as Record<
    '$files',
    Record<string, { update(to: object): never }>
  >;
  await db.transact([files[lookup('path', 'open/d')]?.update({ path: 'open/e' }) as never]);
  expect(await (await fetch(await db.storage.getDownloadUrl('open/e'))).text()).toBe('same');
});
