import { expect, test, vi } from 'vitest';
import { VISITOR } from '../permissions/actor.ts';
import { Permissions } from '../permissions/index.ts';
import { TestApp, uuid } from '../transact/test-app.ts';
import * as writing from './computation.ts';
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

test('what a refresh tells of an answer is written once for all subscribers, and anew for another answer', () => {
  const app = new TestApp();
  const id = app.add('todos/id');
  const live = new LiveQueries<string>(app.data, new Permissions({ now: () => 0, appId: () => 'app' }));
  const request = { q: { todos: {} }, returnType: 'join-rows', actor: VISITOR } as const;
  const sessions = ['first', 'second'];
  for (const session of sessions) live.subscribe(session, request);
  const told = (n: number): (string | undefined)[] => {
    live.invalidate(app.run([['add-triple', uuid(n), id, uuid(n)]]), false);
    const news = live.refresh(() => false);
    return sessions.map((session) => news.get(session)?.[0]?.computation);
  };
  const write = vi.spyOn(writing, 'encodeComputation');
  const [first, second] = told(1);
  expect(first).toContain(uuid(1));
  expect(second).toBe(first);
  expect(told(2)[1]).toContain(uuid(2));
  expect(write).toHaveBeenCalledTimes(2);
  write.mockRestore();
});

test('what a long query is parsed into is not kept with it', () => {
  const app = new TestApp();
  app.add('todos/id');
  const live = new LiveQueries<string>(app.data, new Permissions({ now: () => 0, appId: () => 'app' }));
  const requestOf = (count: number) => {
    const or = Array.from({ length: count }, (_, n) => ({ id: uuid(n) }));
    return { q: { todos: { $: { where: { or } } } }, returnType: 'join-rows', actor: VISITOR } as const;
  };
  expect(live.subscribe('first', requestOf(2)).query.prepared).toBeDefined();
  expect(live.subscribe('first', requestOf(1_000)).query.prepared).toBeUndefined();
});
