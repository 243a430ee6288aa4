import { expect, test } from 'vitest';
import { RecordedWrites } from './recorded-writes.ts';

test('a write that was refused has a record where it was given anew meanwhile, and that was taken', () => {
  const recorded = new RecordedWrites<{ n: number }>();
  const first = new Map([['a', { n: 1 }]]);
  const anew = new Map([['a', { n: 2 }]]);
  const added = recorded.given(first);
  recorded.given(anew);
  recorded.answered(first);
  recorded.absent(added);
  expect(recorded.has('a')).toBe(true);
  for (const [eventId, state] of recorded.answered(anew)) recorded.acknowledged(eventId, state);
  expect(recorded.isAcknowledged('a')).toBe(true);
});

test('a write that was refused, and not given anew, has no record', () => {
  const recorded = new RecordedWrites<{ n: number }>();
  const states = new Map([['a', { n: 1 }]]);
  const added = recorded.given(states);
  recorded.answered(states);
  recorded.absent(added);
  expect(recorded.has('a')).toBe(false);
});
