import { expect, test } from 'vitest';
import { EventQueue } from './event-queue.ts';

test('answers at once what waits for nothing, and else all in order', () => {
  const answered: string[] = [];
  const queue = new EventQueue();
  const take = (event: string, isTurn: (() => boolean) | undefined, bytes: number): void =>
    queue.take(() => answered.push(event), isTurn, bytes);
  const turns = new Set<string>();
  take('a', undefined, 1);
  expect(answered).toEqual(['a']);
  take('b', () => turns.has('b'), 10);
  take('c', undefined, 20);
  take('d', () => turns.has('d'), 30);
  queue.goOn();
  expect(answered).toEqual(['a']);
  expect(queue.bytes).toBe(60);
  turns.add('b');
  queue.goOn();
  expect(answered).toEqual(['a', 'b', 'c']);
  turns.add('d');
  queue.goOn();
  expect(answered).toEqual(['a', 'b', 'c', 'd']);
  expect(queue.bytes).toBe(0);
});

test('answers what comes while it answers, and nothing that was there when it is cleared', () => {
  const answered: string[] = [];
  const queue = new EventQueue();
  const say = (event: string) => (): void => void answered.push(event);
  let isTurn = false;
  const first = (): void => {
    answered.push('b');
    queue.take(say('d'), undefined, 1);
  };
  queue.take(first, () => isTurn, 1);
  queue.take(say('c'), undefined, 1);
  isTurn = true;
  queue.goOn();
  expect(answered).toEqual(['b', 'c', 'd']);
  isTurn = false;
  queue.take(
    () => queue.clear(),
    () => isTurn,
    1,
  );
  queue.take(say('never'), undefined, 1);
  isTurn = true;
  queue.goOn();
  queue.take(say('e'), undefined, 1);
  expect(answered).toEqual(['b', 'c', 'd', 'e']);
});
