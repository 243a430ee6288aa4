import { id, init, lookup } from '@instantdb/admin';
import { expect, test } from 'vitest';
import { Arrivals } from '../arrivals.ts';
import { addPost, testApps } from './app.ts';
import { methodsOf } from './methods.ts';

const { backend, open, uncalled } = testApps();

test('the namespaces of the database are those that these files test', () => {
  const namespaces = ['', 'auth', 'storage', 'streams', 'rooms', 'webhooks', 'webhooks.manager'];
  expect(Object.keys(methodsOf(open().db)).toSorted()).toEqual(namespaces.toSorted());
});

test('transact() and query() write and read a graph', async () => {
  const { db } = open();
  const [postId, commentId] = [id(), id()];
  const answer = await db.transact([
    db.tx.posts[postId].create({ title: 'Bears', slug: 'bears', rank: 2, meta: { a: { b: 1 } } }),
    db.tx.comments[commentId].create({ body: 'Rawr' }).link({ post: postId }),
    db.tx.posts[postId].merge({ meta: { a: { c: 2 } } }),
  ]);

  expect(answer).toEqual({ 'tx-id': expect.any(Number) });
  expect(await db.query({ posts: { comments: {} } })).toEqual({
    posts: [
      {
        id: postId,
        title: 'Bears',
        slug: 'bears',
        rank: 2,
        meta: { a: { b: 1, c: 2 } },
        comments: [{ id: commentId, body: 'Rawr', post: postId }],
      },
    ],
  });
  // With a schema the client asks for links of `has: 'one'` as one object.
  expect(await db.query({ comments: { post: { $: { fields: ['slug'] } } } })).toEqual({
    comments: [{ id: commentId, body: 'Rawr', post: { id: postId, slug: 'bears' } }],
  });
});

test('transact() takes lookups, unlinks, and deletes what cascades', async () => {
  const { db } = open();
  const [postId, commentId] = [id(), id()];
  await db.transact([
    db.tx.posts[lookup('slug', 'bears')].update({ title: 'Bears' }),
    db.tx.comments[commentId].create({ body: 'Rawr' }).link({ post: lookup('slug', 'bears') }),
    db.tx.posts[postId].create({ title: 'Cats', slug: 'cats' }),
  ]);
  await db.transact(db.tx.posts[postId].unlink({ author: id() }));
  await db.transact(db.tx.posts[lookup('slug', 'bears')].delete());

  expect(await db.query({ posts: {}, comments: {} })).toEqual({
    // An attribute with an index is there for every entity.
    posts: [{ id: postId, title: 'Cats', slug: 'cats', rank: null }],
    comments: [],
  });
});

test('transact() writes nothing of a transaction that breaks the schema, and says what is wrong', async () => {
  const { db } = open();
  await addPost(db, 'bears');

  await expect(
    db.transact([
      db.tx.posts[id()].create({ title: 'Cats', slug: 'cats' }),
      db.tx.posts[id()].create({ title: 'Bears again', slug: 'bears' }),
    ]),
  ).rejects.toMatchObject({ status: 400, body: { type: 'record-not-unique' } });
  await expect(
    // @ts-expect-error The schema has no such attribute.
    db.transact(db.tx.posts[lookup('slug', 'bears')].update({ colour: 'brown' })),
  ).rejects.toMatchObject({
    body: { type: 'validation-failed', hint: { errors: [{ hint: { attributes: ['posts.colour'] } }] } },
  });
  expect((await db.query({ posts: {} })).posts).toHaveLength(1);
});

test('query() orders, filters and pages', async () => {
  const { db } = open();
  await db.transact(
    [3, 1, 2].map((rank) => db.tx.posts[id()].create({ title: `${rank}`, slug: `${rank}`, rank })),
  );
  const { posts } = await db.query({
    posts: { $: { where: { rank: { $gt: 1 } }, order: { rank: 'asc' }, limit: 1 } },
  });
  expect(posts.map((post) => post.rank)).toEqual([2]);
});

test('asUser() sees and does what the rules allow, by email, token and as a guest', async () => {
  const { db, withoutToken } = open();
  const token = await db.auth.createToken({ email: 'ann@example.com' });
  const ann = await db.auth.verifyToken(token);
  const mine = await addPost(db, 'mine', ann.id);
  await addPost(db, 'other');
  const query = { posts: { $: { fields: ['slug' as const] } } };
  const posts = [{ id: mine, slug: 'mine' }];

  expect(await db.asUser({ email: 'ann@example.com' }).query(query)).toEqual({ posts });
  expect(await withoutToken.asUser({ token }).query(query)).toEqual({ posts });
  expect(await withoutToken.asUser({ guest: true }).query(query)).toEqual({ posts: [] });
  const preview = { ruleParams: { preview: 'other' } };
  expect((await withoutToken.asUser({ guest: true }).query(query, preview)).posts).toHaveLength(1);

  const change = db.tx.posts[mine].update({ title: 'Changed' });
  await expect(withoutToken.asUser({ guest: true }).transact(change)).rejects.toMatchObject({
    status: 400,
    body: { type: 'permission-denied' },
  });
  await withoutToken.asUser({ token }).transact(change);
  expect((await db.query({ posts: { $: { where: { slug: 'mine' } } } })).posts[0]?.title).toBe('Changed');
});

test('query() needs the right admin token', async () => {
  const { app } = open();
  const other = backend().createApp();
  const stranger = init({ appId: app.id, apiURI: backend().url, adminToken: other.adminToken });
  await expect(stranger.query({ posts: {} })).rejects.toMatchObject({
    status: 400,
    body: { type: 'record-not-found', hint: { 'record-type': 'app-admin-token' } },
  });
});

test('debugQuery() tells how each entity was judged', async () => {
  const { db } = open();
  const postId = await addPost(db, 'bears');
  const guest = db.asUser({ guest: true });
  const query = { posts: {} };

  const denied = await guest.debugQuery(query);
  expect(denied.result).toEqual({ posts: [] });
  expect(denied.checkResults).toMatchObject([{ id: postId, entity: 'posts', check: false }]);
  const overridden = await guest.debugQuery(query, { rules: { posts: { allow: { view: 'true' } } } });
  expect(overridden.result.posts).toHaveLength(1);
  expect(overridden.checkResults).toMatchObject([{ id: postId, check: true }]);
  await expect(db.debugQuery(query)).rejects.toThrow('Cannot test perms as admin');
});

test('debugTransact() judges and writes nothing', async () => {
  const { db } = open();
  const postId = id();
  const chunk = db.tx.posts[postId].create({ title: 'Bears', slug: 'bears' });
  const guest = db.asUser({ guest: true });

  expect(await guest.debugTransact(chunk)).toMatchObject({
    'all-checks-ok?': false,
    'check-results': [{ action: 'create', etype: 'posts', eid: postId, 'check-pass?': false }],
  });
  const rulesOverride = { rules: { posts: { allow: { create: 'true' } } } };
  expect(await guest.debugTransact(chunk, rulesOverride)).toMatchObject({ 'all-checks-ok?': true });
  expect(await db.query({ posts: {} })).toEqual({ posts: [] });
});

test('subscribeQuery() calls back with each result, until it is closed', async () => {
  const { db } = open();
  const titles = { posts: { $: { fields: ['title' as const], order: { title: 'asc' as const } } } };
  const results = new Arrivals<unknown>();
  const subscription = db.subscribeQuery(titles, (payload) => {
    results.push(payload.type === 'ok' ? payload.data.posts.map((post) => post.title) : payload.error);
  });

  expect(await results.next()).toEqual([]);
  expect(subscription.sessionInfo?.sessionId).toEqual(expect.any(String));
  await addPost(db, 'bears');
  expect(await results.next()).toEqual(['On bears']);
  subscription.close();
  expect(subscription.isClosed).toBe(true);
});

test('subscribeQuery() is iterable, pages, and shows a user no more than the rules allow', async () => {
  const { db } = open();
  const token = await db.auth.createToken({ email: 'ann@example.com' });
  const { id: ann } = await db.auth.verifyToken(token);
  const subscription = db
    .asUser({ token })
    .subscribeQuery({ posts: { $: { limit: 5, order: { serverCreatedAt: 'asc' } } } });
  const slugs: string[][] = [];
  for await (const payload of subscription) {
    if (payload.type === 'error') throw payload.error;
    slugs.push(payload.data.posts.map((post) => post.slug));
    if (slugs.length === 1) {
      expect(payload.pageInfo?.posts).toMatchObject({ hasNextPage: false });
      await addPost(db, 'secret');
      await addPost(db, 'mine', ann);
    } else if (payload.data.posts.length === 1) {
      subscription.close();
    }
  }
  expect(slugs.at(-1)).toEqual(['mine']);
  expect(slugs.flat()).not.toContain('secret');
});

test('subscribeQuery() hands over why it was refused', async () => {
  const { app } = open();
  const stranger = init({ appId: app.id, apiURI: backend().url, adminToken: id() });
  const payloads = new Arrivals<unknown>();
  const subscription = stranger.subscribeQuery({ posts: {} }, payloads.push);
  expect(await payloads.next()).toMatchObject({
    type: 'error',
    error: { body: { type: 'record-not-found' } },
  });
  subscription.close();
});

// Last: it looks at what the tests above have called.
test('every public method of the database was called', () => {
  expect(uncalled('')).toEqual([]);
});
