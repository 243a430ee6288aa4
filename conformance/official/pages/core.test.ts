import type { Page } from 'playwright';
import { afterEach, expect, test } from 'vitest';
import { addPost, corePages, signIn } from './core-pages.ts';

const pages = corePages();
const { createApp, openApp } = pages;

afterEach(() => expect(pages.failures()).toEqual([]));

/** Makes the page note the titles of the posts, each time that they change. */
function watchTitles(page: Page): Promise<void> {
  return page.evaluate(() => {
    const { db, seen } = window.core;
    db.subscribeQuery({ posts: { $: { order: { title: 'asc' } } } }, ({ data, error }) => {
      seen.push(error ? error.message : data.posts.map((post) => post.title));
    });
  });
}

async function hasSeen(page: Page, value: unknown): Promise<void> {
  await page.waitForFunction(
    (text) => window.core.seen.some((it) => JSON.stringify(it) === text),
    JSON.stringify(value),
  );
}

test('a live query in one browser shows what another writes', async () => {
  const app = createApp();
  const [ann, bob] = [await openApp(app), await openApp(app)];
  await signIn(ann, app, 'ann@example.com');
  await watchTitles(bob);
  await hasSeen(bob, []);

  expect(await addPost(ann, 'bears')).toMatchObject({ status: 'synced' });
  await hasSeen(bob, ['On bears']);
  await ann.evaluate(() => {
    const { db, id, lookup } = window.core;
    const post = lookup('slug', 'bears');
    return db.transact([
      db.tx.posts[post].update({ title: 'Changed' }),
      db.tx.comments[id()].create({ body: 'Rawr' }).link({ post }),
    ]);
  });
  await hasSeen(bob, ['Changed']);
  const { data } = await bob.evaluate(() => window.core.db.queryOnce({ posts: { comments: {} } }));
  expect(data).toMatchObject({ posts: [{ title: 'Changed', comments: [{ body: 'Rawr' }] }] });
});

test('a write that the rules refuse is rejected, and taken back from what the page shows', async () => {
  const app = createApp();
  const page = await openApp(app);
  await watchTitles(page);
  await hasSeen(page, []);
  await expect(addPost(page, 'bears')).rejects.toThrow(/Permission denied/);
  await page.waitForFunction(() => window.core.seen.length >= 3);
  expect(await page.evaluate(() => window.core.seen)).toEqual([[], ['On bears'], []]);
});

test('writes made offline are shown at once, and sent when the browser is online again', async () => {
  const app = createApp();
  const page = await openApp(app);
  await signIn(page, app, 'ann@example.com');
  await addPost(page, 'bears');
  await watchTitles(page);
  await hasSeen(page, ['On bears']);

  await page.context().setOffline(true);
  await page.evaluate(() => {
    window.core.db.subscribeConnectionStatus((status) => window.core.seen.push(status));
  });
  expect(await addPost(page, 'cats')).toMatchObject({ status: 'enqueued' });
  await hasSeen(page, ['On bears', 'On cats']);
  await page.context().setOffline(false);
  const other = await openApp(app);
  await watchTitles(other);
  await hasSeen(other, ['On bears', 'On cats']);
});

test('rooms: presence of others comes, changes and goes; topics reach the others', async () => {
  const app = createApp();
  const [ann, bob] = [await openApp(app), await openApp(app)];
  const join = (page: Page, name: string) =>
    page.evaluate((initial) => {
      const { db, seen } = window.core;
      const room = db.joinRoom('lobby', 'main', { initialPresence: { name: initial } });
      room.subscribePresence({}, ({ peers }) => {
        seen.push(Object.values(peers).map((peer) => peer.name));
      });
      room.subscribeTopic('wave', (wave, peer) => seen.push(`${peer.name} waves with ${wave.hand}`));
      Object.assign(window, { room });
    }, name);
  await join(ann, 'Ann');
  await join(bob, 'Bob');
  await hasSeen(ann, ['Bob']);
  await hasSeen(bob, ['Ann']);

  await bob.evaluate(() => {
    const { room } = window as unknown as { room: ReturnType<typeof window.core.db.joinRoom<'lobby'>> };
    room.publishPresence({ name: 'Robert' });
  });
  await hasSeen(ann, ['Robert']);
  await bob.evaluate(() => {
    const { room } = window as unknown as { room: ReturnType<typeof window.core.db.joinRoom<'lobby'>> };
    room.publishTopic('wave', { hand: 'left' });
  });
  await hasSeen(ann, 'Robert waves with left');
  await ann.evaluate(() => {
    window.core.seen.length = 0;
  });
  await bob.context().close();
  await hasSeen(ann, []);
});

test('storage: a file goes up, is queried, comes down, is replaced and deleted', async () => {
  const app = createApp();
  const page = await openApp(app);
  const upload = (text: string) =>
    page.evaluate((content) => {
      const file = new File([content], 'bears.txt', { type: 'text/plain' });
      return window.core.db.storage.uploadFile('notes/bears.txt', file, { contentDisposition: 'inline' });
    }, text);
  await expect(upload('x')).rejects.toThrow(/Permission denied/);
  await signIn(page, app, 'ann@example.com');

  const download = () =>
    page.evaluate(async () => {
      const { data } = await window.core.db.queryOnce({ $files: {} });
      const response = await fetch(data.$files[0].url);
      return {
        paths: data.$files.map((file) => file.path),
        type: response.headers.get('content-type'),
        text: await response.text(),
      };
    });
  const first = await upload('Rawr 🐻');
  expect(await download()).toEqual({ paths: ['notes/bears.txt'], type: 'text/plain', text: 'Rawr 🐻' });
  const second = await upload('Miaow');
  expect(second.data.id).toBe(first.data.id);
  expect(await download()).toMatchObject({ paths: ['notes/bears.txt'], text: 'Miaow' });

  await page.evaluate(() => window.core.db.storage.delete('notes/bears.txt'));
  const { data } = await page.evaluate(() => window.core.db.queryOnce({ $files: {} }));
  expect(data).toEqual({ $files: [] });
});

test('streams: one browser reads what another is writing', async () => {
  const app = createApp();
  const [writer, reader] = [await openApp(app), await openApp(app)];
  await signIn(writer, app, 'ann@example.com');
  await writer.evaluate(async () => {
    const stream = window.core.db.streams.createWriteStream({ clientId: 'story' }).getWriter();
    await stream.write('Once upon ');
    Object.assign(window, { stream });
  });
  const text = reader.evaluate(async () => {
    let all = '';
    for await (const chunk of window.core.db.streams.createReadStream({ clientId: 'story' })) {
      window.core.seen.push('chunk');
      all += chunk;
    }
    return all;
  });
  await hasSeen(reader, 'chunk');
  await writer.evaluate(async () => {
    const { stream } = window as unknown as { stream: WritableStreamDefaultWriter<string> };
    await stream.write('a time 🐻');
    await stream.close();
  });
  expect(await text).toBe('Once upon a time 🐻');
});

test('without WebSocket all goes by server-sent events', async () => {
  const app = createApp();
  const page = await openApp(app, { webSockets: false });
  await signIn(page, app, 'ann@example.com');
  await watchTitles(page);
  await hasSeen(page, []);
  await addPost(page, 'bears');
  await hasSeen(page, ['On bears']);
  expect(
    await page.evaluate(() =>
      performance.getEntriesByType('resource').some((it) => it.name.includes('/runtime/sse')),
    ),
  ).toBe(true);
});
