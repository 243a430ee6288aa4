import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Newcomers } from './newcomers.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const LIMITS = { inAll: 5, perAddress: 2, patienceMs: 1_000 };
const never = (): void => {
  throw new Error('Was told');
};

test('an address has room for so many, and again when one of them is let in or gone', () => {
  const newcomers = new Newcomers(LIMITS);
  const leave = newcomers.enter('192.0.2.1', never);
  newcomers.enter('::FFFF:192.0.2.1', never);
  expect(newcomers.hasRoomFor('192.0.2.1')).toBe(false);
  expect(newcomers.hasRoomFor('::ffff:192.0.2.1')).toBe(false);
  expect(newcomers.hasRoomFor('192.0.2.2')).toBe(true);
  leave();
  leave();
  expect(newcomers.size).toBe(1);
  expect(newcomers.hasRoomFor('192.0.2.1')).toBe(true);
});

test('those whose address is not known count as one', () => {
  const newcomers = new Newcomers(LIMITS);
  newcomers.enter(null, never);
  newcomers.enter(null, never);
  expect(newcomers.hasRoomFor(null)).toBe(false);
});

test.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])('%s has room as long as all have', (ip) => {
  const newcomers = new Newcomers(LIMITS);
  for (let i = 0; i < LIMITS.inAll; i++) {
    expect(newcomers.hasRoomFor(ip)).toBe(true);
    newcomers.enter(ip, never);
  }
  expect(newcomers.hasRoomFor(ip)).toBe(false);
  expect(newcomers.hasRoomFor('192.0.2.1')).toBe(false);
});

test('one that stays for too long is told of, and counted until it is gone', () => {
  const newcomers = new Newcomers(LIMITS);
  const late: string[] = [];
  const leave = newcomers.enter('192.0.2.1', () => late.push('a'));
  newcomers.enter('192.0.2.1', () => late.push('b'))();
  vi.advanceTimersByTime(999);
  expect(late).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(late).toEqual(['a']);
  expect(newcomers.size).toBe(1);
  leave();
  expect(newcomers.size).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
