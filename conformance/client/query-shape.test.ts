import { type InfiniteQueryCallbackResponse, id } from '@instantdb/node';
import { expect, test } from 'vitest';
import { frameWorld } from '../support/frame-world.ts';
import { inbox } from '../support/inbox.ts';
import { addressOf, follow, open, serve, serveApp } from '../support/open.ts';
import { chunk, openPlain, type PlainAnswer } from '../support/plain-app.ts';
import { author, goal, type Schema } from '../support/schema.ts';
import { takeUncaught } from '../support/unhandled.ts';

test('limit, order and cursors give the pages of a query, and pageInfo says where they are', async () => {
  const db = open(await serveApp());
  await db.ready();
  await db.transact([3, 1, 2].map((priority) => goal(id()).create({ title: `goal ${priority}`, priority })));
  const page = { first: 2, order: { priority: 'asc' } } as const;

  const first = await db.queryOnce({ goals: { $: page } });
  expect(first.data.goals.map(({ priority }) => priority)).toEqual([1, 2]);
  expect(first.pageInfo.goals).toMatchObject({ hasNextPage: true, hasPreviousPage: false });

  const after = first.pageInfo.goals?.endCursor;
  const second = await db.queryOnce({ goals: { $: { ...page, after } } });
  expect(second.data.goals.map(({ priority }) => priority)).toEqual([3]);
  expect(second.pageInfo.goals).toMatchObject({ hasNextPage: false });

  const last = await db.queryOnce({ goals: { $: { limit: 1, order: { priority: 'desc' } } } });
  expect(last.data.goals.map(({ priority }) => priority)).toEqual([3]);
});

test('a live page follows the order as writes move its members', async () => {
  const db = open(await serveApp());
  await db.ready();
  const [low, high] = [id(), id()];
  await db.transact([
    goal(low).create({ title: 'low', priority: 1 }),
    goal(high).create({ title: 'high', priority: 9 }),
  ]);
  const top = follow(db, { goals: { $: { limit: 1, order: { priority: 'asc' } } } });
  await top.first(({ data }) => data?.goals[0]?.id === low);
  await db.transact(goal(low).update({ priority: 10 }));
  const { data } = await top.next(({ data }) => data?.goals[0]?.id === high);
  expect(data?.goals).toHaveLength(1);
});

test('with a schema a link of cardinality one is an object, and one of many an array', async () => {
  const db = open(await serveApp());
  await db.ready();
  const [run, ann] = [id(), id()];
  await db.transact([
    author(ann).create({ name: 'Ann' }),
    goal(run).create({ title: 'Run' }).link({ author: ann }),
  ]);
  const { data } = await db.queryOnce({ goals: { author: { goals: {} } } });
  expect(data.goals[0]?.author?.name).toBe('Ann');
  expect(data.goals[0]?.author?.goals.map(({ title }) => title)).toEqual(['Run']);
});

test('dates arrive as they were written, and as Date with useDateObjects', async () => {
  const address = await serveApp();
  const plain = open(address);
  const dated = open(address, { useDateObjects: true });
  await plain.ready();
  const due = '2027-08-31T00:00:00.000Z';
  await plain.transact(goal(id()).create({ title: 'Move', due }));
  expect((await plain.queryOnce({ goals: {} })).data.goals[0]?.due).toBe(due);
  expect((await dated.queryOnce({ goals: {} })).data.goals[0]?.due).toEqual(new Date(due));
});

/** A client, whose types take a `Date` alone where a date is asked for. */
interface Asked {
  queryOnce(query: object): Promise<{ data: { goals: { title: string }[] } }>;
}

// Core compares with the value as it is in its indexes, see the dates in `query-agreement/known-differences.test.ts`.
test('a date equals the text it was written as, and with useDateObjects none; on the server it is an instant', async () => {
  const backend = await serve();
  const address = addressOf(backend);
  const db = open(address);
  await db.ready();
  const due = '2024-01-01';
  await db.transact([
    goal(id()).create({ title: 'text', due }),
    goal(id()).create({ title: 'number', due: Date.UTC(2024, 0, 1) }),
  ]);
  const equal = { goals: { $: { where: { due } } } };
  const range = { and: [{ due: { $gte: `${due}T00:00:00Z` } }, { due: { $lte: `${due}T00:00:00Z` } }] };
  const within = { goals: { $: { where: range } } };
  const both = ['number', 'text'];
  const titles = (found: readonly { title: string }[]): string[] => found.map(({ title }) => title).sort();
  const asked = await fetch(`${address.apiURI}/admin/query`, {
    method: 'POST',
    headers: {
      'app-id': address.appId,
      authorization: `Bearer ${backend.app(address.appId)?.adminToken}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ query: equal }),
  });
  const { goals } = (await asked.json()) as { goals: { title: string }[] };
  expect(titles(goals)).toEqual(both);
  const clients: [client: unknown, found: string[]][] = [
    [db, ['text']],
    [open(address, { useDateObjects: true }), []],
  ];
  for (const [client, found] of clients) {
    expect(titles((await (client as Asked).queryOnce(equal)).data.goals)).toEqual(found);
    expect(titles((await (client as Asked).queryOnce(within)).data.goals)).toEqual(both);
  }
});

test('where filters by values, comparisons and links', async () => {
  const db = open(await serveApp());
  await db.ready();
  const ann = id();
  await db.transact([
    author(ann).create({ name: 'Ann' }),
    goal(id()).create({ title: 'a', priority: 1 }).link({ author: ann }),
    goal(id()).create({ title: 'b', priority: 2 }).link({ author: ann }),
    goal(id()).create({ title: 'c', priority: 3 }),
  ]);
  const where = { 'author.name': 'Ann', priority: { $gt: 1 } };
  expect((await db.queryOnce({ goals: { $: { where } } })).data.goals.map(({ title }) => title)).toEqual([
    'b',
  ]);
});

test('subscribeInfiniteQuery() gives one page, more on request, and takes in what is new', async () => {
  const db = open(await serveApp());
  await db.ready();
  const create = (priority: number) => goal(id()).create({ title: `goal ${priority}`, priority });
  await db.transact([1, 2, 3].map(create));
  type Page = InfiniteQueryCallbackResponse<Schema, { goals: object }, false>;
  const pages = inbox<Page>();
  const query = { goals: { $: { limit: 2, order: { priority: 'asc' as const } } } };
  const { loadNextPage, unsubscribe } = db.subscribeInfiniteQuery(query, (page) => pages.push(page as Page));
  const priorities = ({ data }: Page): unknown =>
    (data?.goals as { priority: number }[] | undefined)?.map(({ priority }) => priority).join();

  const first = await pages.first((page) => priorities(page) === '1,2' && page.canLoadNextPage);
  expect(first.error).toBeUndefined();
  loadNextPage();
  const all = await pages.next((page) => priorities(page) === '1,2,3');
  expect(all.canLoadNextPage).toBe(false);
  await db.transact(create(4));
  await pages.next((page) => String(priorities(page)).startsWith('1,2,3'));
  unsubscribe();
  expect(db.stats().subscriptions).toBe(0);
});

test('subscribeInfiniteQuery() gives an empty page of what nobody has written to, and what is written then', async () => {
  const uncaught = takeUncaught();
  const backend = await serve();
  const db = openPlain(addressOf(backend, backend.createApp()));
  const pages = inbox<PlainAnswer>();
  db.subscribeInfiniteQuery({ later: { $: { limit: 2 } } }, pages.push as never);
  expect((await pages.next()).data).toEqual({ later: [] });
  for (const count of [1, 2, 3]) await db.transact(chunk('later', id()).update({ count }));
  await pages.next(({ data }) => data?.later?.length === 2);
  expect(uncaught.all).toEqual([]);
});

test('a page of which the server does not say where it ends is all there is', async () => {
  const world = await frameWorld();
  const rows = [{ id: id(), count: 1 }];
  world.attrsOf('rows', ['id', 'count']);
  const pages = inbox<PlainAnswer>();
  const query = { rows: { $: { limit: 1, order: { serverCreatedAt: 'asc' } } } } as const;
  world.db.subscribeInfiniteQuery({ rows: { $: { limit: 1 } } }, pages.push as never);
  expect((await pages.next()).data).toEqual({ rows: [] });
  world.send(world.refresh([{ ...world.computation('rows', rows), 'instaql-query': query }]));
  await world.heard();
  expect(await pages.next()).toMatchObject({ data: { rows }, canLoadNextPage: false });
  expect(world.uncaught.all).toEqual([]);
});
