import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { testApps } from './app.ts';

const { open, uncalled } = testApps();

test('uploadFile() takes bytes and streams; the content comes back whole', async () => {
  const { db } = open();
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);
  const options = { fileSize: bytes.length, contentType: 'image/png', contentDisposition: 'inline' };
  const uploads = [
    await db.storage.uploadFile('a.png', Buffer.from(bytes), { contentType: 'image/png' }),
    await db.storage.uploadFile('b.png', Readable.from([Buffer.from(bytes)]), options),
  ];
  const { $files } = await db.query({ $files: { $: { order: { path: 'asc' } } } });
  expect($files).toMatchObject([
    { id: uploads[0]?.data.id, path: 'a.png', size: bytes.length, 'content-type': 'image/png' },
    { id: uploads[1]?.data.id, path: 'b.png', size: bytes.length, 'content-disposition': 'inline' },
  ]);
  for (const { url } of $files) {
    const response = await fetch(url);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  }
});

test('uploadFile() to the same path keeps the entity and replaces the content', async () => {
  const { db } = open();
  const first = await db.storage.uploadFile('a.txt', Buffer.from('one'));
  const second = await db.storage.uploadFile('a.txt', Buffer.from('two!'));
  expect(second.data.id).toBe(first.data.id);
  const { $files } = await db.query({ $files: {} });
  expect($files).toHaveLength(1);
  expect(await (await fetch($files[0].url)).text()).toBe('two!');
});

test('uploadFile() obeys the rules for a user', async () => {
  const { db } = open();
  await expect(
    db.asUser({ guest: true }).storage.uploadFile('public/a.txt', Buffer.from('x')),
  ).rejects.toMatchObject({ body: { type: 'permission-denied' } });
  await db.storage.uploadFile('public/a.txt', Buffer.from('x'));
  await db.storage.uploadFile('private/a.txt', Buffer.from('x'));
  const { $files } = await db.asUser({ guest: true }).query({ $files: {} });
  expect($files.map((file) => file.path)).toEqual(['public/a.txt']);
});

test('upload(), list() and getDownloadUrl() still work', async () => {
  const { db } = open();
  expect(await db.storage.upload('old/a b.txt', Buffer.from('hello'), { contentType: 'text/plain' })).toBe(
    true,
  );
  expect(await db.storage.list()).toMatchObject([{ name: 'old/a b.txt', size: 5 }]);
  const response = await fetch(await db.storage.getDownloadUrl('old/a b.txt'));
  expect(await response.text()).toBe('hello');
});

test('delete() and deleteMany() delete entity and content', async () => {
  const { db } = open();
  const paths = ['a.txt', 'b.txt', 'c.txt'];
  for (const path of paths) await db.storage.uploadFile(path, Buffer.from(path));
  const urls = (await db.query({ $files: {} })).$files.map((file) => file.url);

  expect(await db.storage.delete('a.txt')).toEqual({ data: { id: expect.any(String) } });
  expect((await db.storage.deleteMany(['b.txt', 'c.txt', 'none'])).data.ids).toHaveLength(2);
  expect(await db.query({ $files: {} })).toEqual({ $files: [] });
  for (const url of urls) expect((await fetch(url)).status).toBe(404);
});

// Last: it looks at what the tests above have called.
test('every public method of db.storage was called', () => {
  expect(uncalled('storage')).toEqual([]);
});
