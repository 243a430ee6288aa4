import { expect, test } from 'vitest';
import { Deferred } from './event-queue.ts';

test('answers at once what waits for nothing, and else all in order', () => {
  const answered: string[] = [];
  const deferred = new Deferred();
  const take = (event: string, isTurn: (() => boolean) | undefined, bytes: number): void =>
    deferred.take(() => answered.push(event), isTurn, bytes);
  const turns = new Set<string>();
  take('a', undefined, 1);
  expect(answered).toEqual(['a']);
  take('b', () => turns.has('b'), 10);
  take('c', undefined, 20);
  take('d', () => turns.has('d'), 30);
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

test('answers what comes while it answers, and nothing that was there when it is cleared', () => {
  const answered: string[] = [];
  const deferred = new Deferred();
  const say = (event: string) => (): void => void answered.push(event);
  let isTurn = false;
  const first = (): void => {
    answered.push('b');
    deferred.take(say('d'), undefined, 1);
  };
  deferred.take(first, () => isTurn, 1);
  deferred.take(say('c'), undefined, 1);
  isTurn = true;
  deferred.goOn();
  expect(answered).toEqual(['b', 'c', 'd']);
  isTurn = false;
  deferred.take(
    () => deferred.clear(),
    () => isTurn,
    1,
  );
  deferred.take(say('never'), undefined, 1);
  isTurn = true;
  deferred.goOn();
  deferred.take(say('e'), undefined, 1);
  expect(answered).toEqual(['b', 'c', 'd', 'e']);
});
