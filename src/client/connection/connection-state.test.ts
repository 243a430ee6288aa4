import { describe, expect, test } from 'vitest';
import { type ConnectionEvent, type ConnectionPhase, phaseAfter, TRANSITIONS } from './connection-state.ts';

const events: ConnectionEvent[] = ['start', 'opened', 'accepted', 'refused', 'ended', 'offline', 'close'];

/** What each event makes of each phase, in the order of `events`; a dash where it changes nothing. */
const expected: Record<ConnectionPhase, string> = {
  idle: 'connecting - - - - - closed',
  connecting: '- authenticating - refused waiting idle closed',
  authenticating: 'connecting - open refused waiting idle closed',
  open: 'connecting - - refused waiting idle closed',
  waiting: 'connecting - - refused - idle closed',
  refused: 'connecting - - - - idle closed',
  closed: '- - - - - - -',
};

describe.each(Object.entries(expected))('%s', (phase, row) => {
  test.each(row.split(' ').map((next, index) => [events[index] as ConnectionEvent, next]))(
    '%s: %s',
    (event, next) => {
      expect(phaseAfter(phase as ConnectionPhase, event) ?? '-').toBe(next);
    },
  );
});

test('every phase is in the table, can be reached, and can be closed', () => {
  expect(Object.keys(TRANSITIONS).sort()).toEqual(Object.keys(expected).sort());
  const reached = new Set<ConnectionPhase>(['idle']);
  for (const phase of reached) for (const next of Object.values(TRANSITIONS[phase])) reached.add(next);
  expect(reached.size).toBe(Object.keys(TRANSITIONS).length);
  for (const phase of reached) expect(phase === 'closed' || phaseAfter(phase, 'close')).toBeTruthy();
});
