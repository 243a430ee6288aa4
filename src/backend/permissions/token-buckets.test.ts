import { describe, expect, test } from 'vitest';
import { parseRateLimit } from './rate-limit-config.ts';
import { TokenBuckets } from './token-buckets.ts';

const HOUR = 3_600_000;

describe('a bucket', () => {
  test('begins full, and says when to come back', () => {
    const buckets = new TokenBuckets();
    const limits = parseRateLimit({ limits: [{ capacity: 4 }] });
    expect(buckets.take('a', limits, 3, 0)).toEqual({ taken: true });
    expect(buckets.take('a', limits, 2, 0)).toEqual({ taken: false, retryAt: HOUR / 4, remaining: 1 });
    expect(buckets.take('b', limits, 4, 0)).toEqual({ taken: true });
    expect(buckets.take('a', limits, 1, 0)).toEqual({ taken: true });
  });

  test('fills up bit by bit', () => {
    const buckets = new TokenBuckets();
    const limits = parseRateLimit({ limits: [{ capacity: 2, refill: { period: '10 seconds' } }] });
    buckets.take('a', limits, 2, 0);
    expect(buckets.take('a', limits, 1, 4_999)).toMatchObject({ taken: false, retryAt: 5_000 });
    expect(buckets.take('a', limits, 1, 5_000)).toEqual({ taken: true });
    expect(buckets.take('a', limits, 3, 90_000)).toMatchObject({ taken: false, remaining: 2 });
  });

  test('or at once at the end of a period', () => {
    const buckets = new TokenBuckets();
    const refill = { amount: 1, period: '1 minute', type: 'interval' };
    const limits = parseRateLimit({ limits: [{ capacity: 2, refill }] });
    buckets.take('a', limits, 2, 0);
    expect(buckets.take('a', limits, 1, 59_999)).toMatchObject({ taken: false, retryAt: 60_000 });
    expect(buckets.take('a', limits, 1, 60_000)).toEqual({ taken: true });
    expect(buckets.take('a', limits, 2, 90_000)).toMatchObject({ taken: false, retryAt: 180_000 });
    expect(buckets.take('a', limits, 2, 180_000)).toEqual({ taken: true });
  });

  test('gives nothing unless all of its limits do', () => {
    const buckets = new TokenBuckets();
    const limits = parseRateLimit({
      limits: [
        { capacity: 2, refill: { period: '1 second' } },
        { capacity: 3, refill: { period: '1 day' } },
      ],
    });
    buckets.take('a', limits, 2, 0);
    expect(buckets.take('a', limits, 2, 1_000)).toMatchObject({ taken: false, remaining: 1 });
    expect(buckets.take('a', limits, 1, 1_000)).toEqual({ taken: true });
  });

  test('gives nothing for a clock that goes back', () => {
    const buckets = new TokenBuckets();
    const limits = parseRateLimit({ limits: [{ capacity: 1 }] });
    expect(buckets.take('a', limits, 1, HOUR)).toEqual({ taken: true });
    expect(buckets.take('a', limits, 1, 0)).toMatchObject({ taken: false });
  });
});

test.each([
  ['1 hour', HOUR],
  ['1 hour 30 minutes', 1.5 * HOUR],
  ['90 sec', 90_000],
  ['PT1M30S', 90_000],
  ['1 day', 24 * HOUR],
  ['00:01:30', 90_000],
  ['2 mins', 120_000],
])('the period %s', (period, ms) => {
  expect(parseRateLimit({ limits: [{ capacity: 1, refill: { period } }] })).toEqual([
    { capacity: 1, amount: 1, periodMs: ms, type: 'greedy' },
  ]);
});
