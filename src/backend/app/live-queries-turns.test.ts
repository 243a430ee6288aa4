import { expect, test } from 'vitest';
import { VISITOR } from '../permissions/actor.ts';
import { Permissions } from '../permissions/index.ts';
import { TestApp, uuid } from '../transact/test-app.ts';
import { LiveQueries } from './live-queries.ts';

// The turns of sessions as such, with nothing in between that has a timing of its own.

test('a query goes on for who came to it while others waited for it, and left', () => {
  const app = new TestApp();
  const id = app.add('todos/id');
  const live = new LiveQueries<string>(app.data, new Permissions({ now: () => 0, appId: () => 'app' }));
  const request = { q: { todos: {} }, returnType: 'join-rows', actor: VISITOR } as const;
  const write = (n: number): boolean =>
    live.invalidate(app.run([['add-triple', uuid(n), id, uuid(n)]]), false);

  const { query } = live.subscribe('first', request);
  expect(write(1)).toBe(true);
  live.subscribe('heir', request);
  live.unsubscribe('first', query);
  // Nobody is to be told anything, so that nobody has to try it again.
  expect(live.isBehind).toBe(false);
  expect(live.refresh(() => false).size).toBe(0);

  expect(write(2)).toBe(true);
  const news = live.refresh(() => false);
  expect([...news.keys()]).toEqual(['heir']);
  expect(JSON.stringify(news.get('heir')?.[0]?.answer)).toContain(uuid(2));
  expect(live.isBehind).toBe(false);
});

test('a session that came while others waited is told of what comes then before its own write is answered', () => {
  const app = new TestApp();
  const id = app.add('todos/id');
  const live = new LiveQueries<string>(app.data, new Permissions({ now: () => 0, appId: () => 'app' }));
  const requestOf = (limit: number) =>
    ({ q: { todos: { $: { limit } } }, returnType: 'join-rows', actor: VISITOR }) as const;
  const write = (n: number): boolean =>
    live.invalidate(app.run([['add-triple', uuid(n), id, uuid(n)]]), false);

  for (const limit of [1_001, 1_002, 1_003, 1_004]) live.subscribe('first', requestOf(limit));
  write(1);
  live.subscribe('second', requestOf(1_004));
  write(2);
  live.refresh(() => true);
  // The first has had a turn; what the second is due has been due since before.
  expect(live.whenTold('second')).toBeDefined();
  while (live.isBehind) live.refresh(() => true);
  expect(live.whenTold('second')).toBeUndefined();
});
