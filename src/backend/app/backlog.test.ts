import { expect, test } from 'vitest';
import { VISITOR } from '../permissions/actor.ts';
import { Backlog } from './backlog.ts';
import { LiveQuery } from './live-query.ts';

type Query = LiveQuery<string>;

function query(key: string, ...subscribers: string[]): Query {
  const request = { q: {}, returnType: 'join-rows', actor: VISITOR } as const;
  const made: Query = new LiveQuery(key, request, { is: 'result', result: '', meta: '', ms: 0 });
  for (const subscriber of subscribers) made.subscribers.set(subscriber, 0);
  return made;
}

function takeAll(backlog: Backlog<string>): string[] {
  const keys: string[] = [];
  for (let taken = backlog.take(); taken; taken = backlog.take()) keys.push(taken.key);
  return keys;
}

test('subscribers take turns, each with the query that waits for the longest', () => {
  const backlog = new Backlog<string>();
  for (const key of ['a1', 'a2', 'a3', 'a4']) backlog.add(query(key, 'a'), 0);
  for (const key of ['b1', 'b2']) backlog.add(query(key, 'b'), 0);
  backlog.add(query('c1', 'c'), 0);
  expect(takeAll(backlog)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
  expect(backlog.isEmpty).toBe(true);
});

test('a query that several subscribe to is taken once, at the first turn that comes to it', () => {
  const backlog = new Backlog<string>();
  for (const key of ['a1', 'a2', 'a3']) backlog.add(query(key, 'a'), 0);
  backlog.add(query('shared', 'a', 'b'), 0);
  expect(takeAll(backlog)).toEqual(['a1', 'shared', 'a2', 'a3']);
});

test('a query keeps its place when it comes in again', () => {
  const backlog = new Backlog<string>();
  const [first, second] = [query('first', 'a'), query('second', 'a')];
  backlog.add(first, 1);
  backlog.add(second, 1);
  backlog.add(first, 2);
  expect(backlog.waits('a', 1)).toBe(false);
  expect(backlog.waits('a', 2)).toBe(true);
  expect(backlog.waits('b', 2)).toBe(false);
  expect(takeAll(backlog)).toEqual(['first', 'second']);
  expect(backlog.waits('a', 9)).toBe(false);
});

test('who has left waits for nothing', () => {
  const backlog = new Backlog<string>();
  const shared = query('shared', 'a', 'b');
  backlog.add(shared, 0);
  backlog.leave('a', shared);
  shared.subscribers.delete('a');
  expect(backlog.waits('a', 1)).toBe(false);
  expect(backlog.waits('b', 1)).toBe(true);
  expect(takeAll(backlog)).toEqual(['shared']);
});

test('a query goes with the last who waits for it, though somebody who is up to date is left', () => {
  const backlog = new Backlog<string>();
  const shared = query('shared', 'a');
  backlog.add(shared, 0);
  shared.subscribers.set('b', 0);
  backlog.leave('a', shared);
  shared.subscribers.delete('a');
  expect(backlog.isEmpty).toBe(true);
  backlog.add(shared, 1);
  expect(backlog.waits('b', 2)).toBe(true);
  expect(takeAll(backlog)).toEqual(['shared']);
  expect(backlog.isEmpty).toBe(true);
});

test('who came while others waited for a query waits from the next time on that it comes in', () => {
  const backlog = new Backlog<string>();
  const shared = query('shared', 'a');
  backlog.add(shared, 1);
  shared.subscribers.set('b', 0);
  expect(backlog.waits('b', 9)).toBe(false);
  backlog.add(query('other', 'b'), 2);
  backlog.add(shared, 3);
  expect(backlog.waits('a', 2)).toBe(true);
  expect(backlog.waits('b', 2)).toBe(false);
  expect(backlog.waits('b', 3)).toBe(true);
  expect(takeAll(backlog)).toEqual(['shared', 'other']);
});
