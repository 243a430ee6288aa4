import { expect, test } from 'vitest';
import { HandClock } from '../timing/hand-clock.fixture.ts';
import { RetryDelay } from './retry-delay.ts';
import { ruleOfCode, ruleOfStatus } from './retry-rule.ts';

const times = { firstRetryMs: 250, maxRetryMs: 30_000, stableMs: 30_000 };
const usual = { is: 'usual' } as const;

function delay() {
  const clock = new HandClock();
  clock.chance = () => 1;
  return { clock, retry: new RetryDelay(times, clock) };
}

test('the longest delay doubles from a quarter of a second to half a minute, and chance chooses within', () => {
  const { clock, retry } = delay();
  const longest = Array.from({ length: 9 }, () => retry.nextMs(usual));
  expect(longest).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  clock.chance = () => 0.25;
  expect(retry.nextMs(usual)).toBe(7_500);
});

test('only a session that lasted half a minute makes the next delay a first one', () => {
  const { clock, retry } = delay();
  const after = (ms: number): number => {
    retry.accepted();
    clock.pass(ms);
    retry.ended();
    return retry.nextMs(usual);
  };
  expect([after(0), after(1_000), after(29_999), after(30_000), after(5)]).toEqual([
    250, 500, 1_000, 250, 500,
  ]);
});

test('a server that goes away on purpose is tried again soon, but only once', () => {
  const { retry } = delay();
  for (let failures = 0; failures < 5; failures++) retry.nextMs(usual);
  expect([ruleOfCode(1001), ruleOfCode(1012)]).toEqual([{ is: 'soon' }, { is: 'soon' }]);
  expect([retry.nextMs({ is: 'soon' }), retry.nextMs({ is: 'soon' })]).toEqual([250, 8_000]);
});

test('an overloaded server is left alone for as long as it says, or five seconds', () => {
  const { retry } = delay();
  expect(retry.nextMs(ruleOfCode(1013))).toBe(5_250);
  expect(retry.nextMs(ruleOfStatus({ status: 503, retryAfterMs: undefined }))).toBe(5_250);
  expect(retry.nextMs(ruleOfStatus({ status: 429, retryAfterMs: 60_000 }))).toBe(60_250);
  expect(ruleOfStatus({ status: 503, retryAfterMs: 1e12 })).toEqual({ is: 'later', ms: 3_600_000 });
});

test('what a server refuses for good, and what says nothing', () => {
  for (const rule of [
    ruleOfCode(1008),
    ...[401, 403].map((status) => ruleOfStatus({ status, retryAfterMs: 1 })),
  ]) {
    expect(rule).toEqual({ is: 'refused' });
  }
  const others = [1000, 1002, 1005, 1006, 1007, 1009, 1011, 4000].map(ruleOfCode);
  expect(others.every(({ is }) => is === 'usual')).toBe(true);
  expect(ruleOfStatus({ status: 400, retryAfterMs: 60_000 })).toEqual(usual);
});
