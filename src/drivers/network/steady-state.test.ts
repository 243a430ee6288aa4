import { expect, test } from 'vitest';
import { SteadyState } from './steady-state.ts';

/** What the network is taken for after each answer: `+` is a yes, `-` a no. */
function taken(threshold: number, answers: string): string {
  const state = new SteadyState(threshold);
  let before: boolean | undefined;
  return [...answers]
    .map((answer) => {
      const hasChanged = state.take(answer === '+');
      expect(hasChanged).toBe(state.isOnline !== before);
      before = state.isOnline;
      return state.isOnline ? '+' : '-';
    })
    .join('');
}

test('there is no state before the first answer', () => {
  expect(new SteadyState(3).isOnline).toBeUndefined();
});

test.each([
  ['the first yes counts at once', 3, '+', '+'],
  ['the first no counts at once', 3, '-', '-'],
  ['after a no, the first yes counts at once', 3, '--+', '--+'],
  ['it takes three in a row to go', 3, '+--+---', '++++++-'],
  ['it takes three in a row to come back', 3, '+---++-+++', '+++------+'],
  ['what is only now and then changes nothing', 2, '+-+-+-+-+-', '++++++++++'],
  ['nor when it is away', 2, '+--+-+-+-', '++-------'],
  ['two of three say nothing', 3, '+--+--+--+', '++++++++++'],
  ['with a threshold of one, each answer counts', 1, '+-+--+', '+-+--+'],
  ['what has begun with a no and a yes needs three from then on', 3, '-+-+--+---', '-++++++++-'],
])('%s', (_, threshold, answers, states) => {
  expect(taken(threshold, answers)).toBe(states);
});
