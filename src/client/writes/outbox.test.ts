import { expect, test } from 'vitest';
import type { Loop } from '../timing/turn.ts';
import type { Mutation } from '../transactions/transactions.ts';
import type { WhenItsTurn } from './held-writes.ts';
import { Outbox } from './outbox.ts';

/** A turn of the loop that is never over. */
const endless: Loop = { now: () => 0, afterThis: () => {} };

/** An outbox over writes whose only step is their name, and what it has sent. */
function outboxOf(names: string[], awaited: string[] = [], loop: Loop = endless) {
  const waiting = new Set(names);
  const sent: string[] = [];
  const whats = new Map<string, WhenItsTurn>();
  let takes = true;
  let mayMore = true;
  const outbox: Outbox = new Outbox(
    {
      waiting: (eventId) => (waiting.has(eventId) ? mutationOf(eventId) : undefined),
      whenItsTurn(eventId) {
        const what = whats.get(eventId) ?? 'send';
        // Its turn comes once more, after all others.
        if (what === 'send-last') whats.delete(eventId);
        return what;
      },
      settled: () => [],
      isAwaited: (mutation) => awaited.includes(String(mutation['tx-steps'][0]?.[0])),
      maySend: () => mayMore,
      send(eventId) {
        if (takes) sent.push(eventId);
        return takes;
      },
    },
    loop,
  );
  return {
    outbox,
    sent,
    waiting,
    whats,
    refuse: () => {
      takes = false;
    },
    allow: (more: boolean) => {
      mayMore = more;
    },
  };
}

function mutationOf(name: string): Mutation {
  return { op: 'transact', 'tx-steps': [[name]], created: 0, order: 0 };
}

test('sends nothing without a session, and all in order with one', () => {
  const { outbox, sent, waiting } = outboxOf(['a', 'b']);
  outbox.add('a');
  expect(sent).toEqual([]);
  outbox.begin(['a', 'b']);
  waiting.add('c');
  outbox.add('c');
  expect(sent).toEqual(['a', 'b', 'c']);
  expect(outbox.unanswered()).toEqual(['a', 'b', 'c']);
});

test('sends none twice over one session, and none that waits no more', () => {
  const { outbox, sent, waiting } = outboxOf(['a', 'b', 'c']);
  waiting.delete('b');
  outbox.begin(['a', 'a', 'b', 'c']);
  outbox.add('a');
  expect(sent).toEqual(['a', 'c']);
});

test('waits for the answer of a write that others depend on', () => {
  const { outbox, sent } = outboxOf(['a', 'b', 'c'], ['b']);
  outbox.begin(['a', 'b', 'c']);
  expect(sent).toEqual(['a', 'b']);
  outbox.settled('a');
  expect(sent).toEqual(['a', 'b']);
  outbox.settled('b');
  expect(sent).toEqual(['a', 'b', 'c']);
});

test('sends what was refused once more, before what comes after it', () => {
  const { outbox, sent } = outboxOf(['a', 'b', 'c'], ['a']);
  outbox.begin(['a', 'b', 'c']);
  outbox.again(['a']);
  outbox.settled('a');
  expect(sent).toEqual(['a', 'a', 'b', 'c']);
});

test('costs the same for each of many, a thousand of them at a time', () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `write ${index}`);
  const { outbox, sent } = outboxOf(names);
  outbox.begin([...names]);
  for (const [index, name] of names.entries()) {
    expect(sent.length).toBe(Math.min(index + 1_000, names.length));
    outbox.settled(name);
  }
  expect(sent).toEqual(names);
});

test('sends no more while it may not, and goes on when it may', () => {
  const { outbox, sent, allow } = outboxOf(['a', 'b', 'c']);
  allow(false);
  outbox.begin(['a', 'b', 'c']);
  outbox.settled('a');
  expect(sent).toEqual([]);
  allow(true);
  outbox.proceed();
  expect(sent).toEqual(['a', 'b', 'c']);
});

test('stops at a connection that does not take a write, and begins again with the next session', () => {
  const { outbox, sent, refuse } = outboxOf(['a', 'b']);
  refuse();
  outbox.begin(['a', 'b']);
  expect(sent).toEqual([]);
  outbox.end();
  expect(outbox.unanswered()).toEqual([]);
});

test('yields to the event loop after ten milliseconds, and nothing new overtakes', () => {
  const names = Array.from({ length: 40 }, (_, index) => `write ${index}`);
  let now = 0;
  const turns: (() => void)[] = [];
  const { outbox, sent, waiting } = outboxOf(names, [], {
    now: () => now++,
    afterThis: (work) => turns.push(work),
  });
  outbox.begin([...names]);
  const inTurns = [sent.length];
  while (turns.length > 0) {
    const name = `made in turn ${inTurns.length}`;
    if (inTurns.length < 4) {
      waiting.add(name);
      names.push(name);
      outbox.add(name);
    }
    turns.shift()?.();
    inTurns.push(sent.length);
  }
  expect(sent).toEqual(names);
  // At most ten looks at the clock in each, and a few of them take all.
  expect(inTurns.every((count, turn) => count - (inTurns[turn - 1] ?? 0) <= 10)).toBe(true);
  expect(inTurns.length).toBeGreaterThanOrEqual(5);
});

test('sends alone what has to be, with nothing else in flight before its answer', () => {
  const { outbox, sent, whats } = outboxOf(['a', 'b', 'c']);
  whats.set('b', 'send-alone');
  outbox.begin(['a', 'b', 'c']);
  expect(sent).toEqual(['a']);
  outbox.settled('a');
  expect(sent).toEqual(['a', 'b']);
  outbox.hurry('a');
  expect(sent).toEqual(['a', 'b']);
  outbox.hurry('b');
  expect(sent).toEqual(['a', 'b', 'c']);
});

test('passes over what is held, and comes to what is last after all that waits', () => {
  const { outbox, sent, waiting, whats } = outboxOf(['a', 'b', 'c']);
  whats.set('a', 'send-last').set('b', 'hold');
  outbox.begin(['a', 'b', 'c']);
  expect(sent).toEqual(['c', 'a']);
  whats.delete('b');
  waiting.add('d');
  outbox.add('d');
  outbox.lookAgain(['b']);
  expect(sent).toEqual(['c', 'a', 'd', 'b']);
});
