import { expect, test } from 'vitest';
import { Deferred } from './deferred.ts';

test('answers at once what waits for nothing, and else all in order', () => {
  const answered: string[] = [];
  const deferred = new Deferred<string>((event) => answered.push(event));
  const turns = new Set<string>();
  deferred.take('a', undefined, 1);
  expect(answered).toEqual(['a']);
  deferred.take('b', () => turns.has('b'), 10);
  deferred.take('c', undefined, 20);
  deferred.take('d', () => turns.has('d'), 30);
  deferred.goOn();
  expect(answered).toEqual(['a']);
  expect(deferred.bytes).toBe(60);
  turns.add('b');
  deferred.goOn();
  expect(answered).toEqual(['a', 'b', 'c']);
  turns.add('d');
  deferred.goOn();
  expect(answered).toEqual(['a', 'b', 'c', 'd']);
  expect(deferred.bytes).toBe(0);
});

test('answers what comes while it answers, and nothing once it is cleared', () => {
  const answered: string[] = [];
  const deferred = new Deferred<string>((event) => {
    answered.push(event);
    if (event === 'b') deferred.take('d', undefined, 1);
    if (event === 'd') deferred.clear();
  });
  let isTurn = false;
  deferred.take('b', () => isTurn, 1);
  deferred.take('c', undefined, 1);
  isTurn = true;
  deferred.goOn();
  deferred.take('e', undefined, 1);
  expect(answered).toEqual(['b', 'c', 'd', 'e']);
});
