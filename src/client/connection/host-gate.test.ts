import { describe, expect, test } from 'vitest';
import { HandClock } from '../timing/hand-clock.fixture.ts';
import { type Contender, HostGate } from './host-gate.ts';
import { gateOf } from './hosts.ts';

const limits = { maxConnecting: 20, maxConnectsPerSecond: 500 };

function host(given = limits) {
  const clock = new HandClock();
  const gate = new HostGate(given, clock);
  const tries: string[] = [];
  const contender = (name: string): Contender => ({ go: () => void tries.push(name) });
  return { clock, gate, tries, contender };
}

/** A host that is down, found out by `first`; `second` and `third` wait in line. */
function down() {
  const world = host();
  const [first, second, third] = ['first', 'second', 'third'].map(world.contender) as [
    Contender,
    Contender,
    Contender,
  ];
  for (const one of [first, second, third]) world.gate.ask(one);
  expect(world.gate.failed(first)).toBe(true);
  world.gate.leads(first, 10_000);
  expect([world.gate.failed(second), world.gate.failed(third)]).toEqual([false, false]);
  world.tries.length = 0;
  return { ...world, first, second, third };
}

describe('a host that answers', () => {
  test('lets twenty try at a time, in the turn in which they ask', () => {
    const { gate, tries, contender } = host();
    const all = Array.from({ length: 25 }, (_, index) => contender(String(index)));
    for (const one of all) gate.ask(one);
    expect(tries).toHaveLength(20);
    gate.succeeded(all[0] as Contender);
    expect(tries).toHaveLength(21);
  });

  test('takes the place of one that hangs after two seconds', () => {
    const { clock, gate, tries, contender } = host();
    for (let index = 0; index < 45; index++) gate.ask(contender(String(index)));
    clock.pass(1_999);
    expect(tries).toHaveLength(20);
    clock.pass(1);
    expect(tries).toHaveLength(40);
    clock.pass(2_000);
    expect(tries).toHaveLength(45);
  });

  test('sees at most fifty begin within any tenth of a second', () => {
    const { clock, gate, tries } = host();
    const at: number[] = [];
    for (let index = 0; index < 1_000; index++) {
      const one: Contender = {
        go: () => {
          at.push(clock.now());
          clock.after(1, () => gate.succeeded(one));
        },
      };
      gate.ask(one);
    }
    clock.pass(2_500);
    expect(at).toHaveLength(1_000);
    for (const from of at) {
      expect(at.filter((when) => when >= from && when < from + 100).length).toBeLessThanOrEqual(50);
    }
    expect([clock.timers, tries.length]).toEqual([0, 0]);
  });

  test('keeps a rate below one in a tenth of a second', () => {
    const { clock, gate, tries, contender } = host({ maxConnecting: 20, maxConnectsPerSecond: 2 });
    for (const name of ['a', 'b', 'c']) gate.ask(contender(name));
    expect(tries).toEqual(['a']);
    clock.pass(499);
    expect(tries).toEqual(['a']);
    clock.pass(501);
    expect(tries).toEqual(['a', 'b', 'c']);
  });
});

describe('a host that is down', () => {
  test('is tried by one, and when it is back the others follow in the same turn', () => {
    const { clock, gate, tries, first } = down();
    clock.pass(60_000);
    expect(tries).toEqual([]);
    gate.ask(first);
    expect(tries).toEqual(['first']);
    gate.succeeded(first);
    expect(tries).toEqual(['first', 'second', 'third']);
  });

  test('one that asks meanwhile waits, too', () => {
    const { gate, tries, contender, first } = down();
    gate.ask(contender('fourth'));
    expect(tries).toEqual([]);
    gate.ask(first);
    expect(gate.failed(first)).toBe(true);
    expect(tries).toEqual(['first']);
  });

  // Closed, refused, aborted, offline: each withdraws.
  test('when the one that is trying leaves, another tries in the same turn', () => {
    const { gate, tries, first } = down();
    gate.ask(first);
    gate.withdraw(first);
    expect(tries).toEqual(['first', 'second']);
  });

  test('when the one that would try later leaves, another tries at that time', () => {
    const { clock, gate, tries, first, second } = down();
    clock.pass(4_000);
    gate.withdraw(first);
    gate.withdraw(second);
    expect(tries).toEqual([]);
    clock.pass(5_999);
    expect(tries).toEqual([]);
    clock.pass(1);
    expect(tries).toEqual(['third']);
  });

  test('once all have left, the next that asks tries at once', () => {
    const { gate, tries, contender, first, second, third } = down();
    for (const one of [second, first, third]) gate.withdraw(one);
    gate.ask(contender('fourth'));
    expect(tries).toEqual(['fourth']);
  });

  test('one that a user sends tries at once', () => {
    const { gate, tries, second } = down();
    gate.force(second);
    expect(tries).toEqual(['second']);
    gate.succeeded(second);
    expect(tries).toEqual(['second', 'third']);
  });

  test('a try from before it was back says nothing of it', () => {
    const { clock, gate, first, second } = down();
    gate.force(second);
    clock.pass(10);
    gate.ask(first);
    gate.succeeded(first);
    expect(gate.failed(second)).toBe(true);
    expect(gate.isDown).toBe(false);
  });
});

test('a gate is shared by those that reach a host in the same way, until the last releases it', () => {
  const [one, same, other] = [gateOf('a', limits), gateOf('a', limits), gateOf('b', limits)];
  expect(same.gate).toBe(one.gate);
  expect(other.gate).not.toBe(one.gate);
  one.release();
  one.release();
  expect(gateOf('a', limits).gate).toBe(one.gate);
});
