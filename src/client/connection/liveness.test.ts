import { describe, expect, test } from 'vitest';
import { HandClock } from '../timing/hand-clock.fixture.ts';
import { Liveness, type LivenessHost } from './liveness.ts';
import { Pulse } from './pulse.ts';

const times = { silenceMs: 15_000, probeTimeoutMs: 10_000 };
const MB = 1_024 * 1_024;

function connection(options: { showsBytes?: boolean; clock?: HandClock; pulse?: Pulse } = {}) {
  const clock = options.clock ?? new HandClock();
  const pulse = options.pulse ?? new Pulse(clock);
  const bytes = { received: options.showsBytes === false ? undefined : 0, buffered: 0, sent: 0 };
  const told: [string, number][] = [];
  const host: LivenessHost = {
    times,
    clock,
    pulse,
    receivedBytes: () => bytes.received,
    bufferedBytes: () => bytes.buffered,
    sentBytes: () => bytes.sent,
    probe: () => told.push(['probe', clock.now()]),
    dead: () => {
      told.push(['dead', clock.now()]);
      liveness.stop();
    },
  };
  const liveness = new Liveness(host);
  return { clock, pulse, bytes, told, liveness };
}

describe('a silent peer', () => {
  test('is asked after 15 s, and given up 10 s later', () => {
    const { clock, told } = connection();
    clock.pass(60_000);
    expect(told).toEqual([
      ['probe', 15_000],
      ['dead', 25_000],
    ]);
    expect(clock.timers).toBe(0);
  });

  test('is given up 25 s after its last byte, whenever that is looked at', () => {
    const { clock, bytes, told, liveness } = connection();
    clock.pass(1_000);
    bytes.received = 5_000;
    liveness.heard();
    clock.pass(60_000);
    expect(told).toEqual([
      ['probe', 16_000],
      ['dead', 26_000],
    ]);
  });

  test('that answers is asked again 15 s later', () => {
    const { clock, told, liveness } = connection();
    clock.pass(17_000);
    liveness.heard();
    clock.pass(14_999);
    expect(told).toHaveLength(1);
    clock.pass(1);
    expect(told).toEqual([
      ['probe', 15_000],
      ['probe', 32_000],
    ]);
  });

  test('is asked at once when something is overdue, and once', () => {
    const { clock, told, liveness } = connection();
    clock.pass(6_000);
    liveness.suspect();
    liveness.suspect();
    clock.pass(60_000);
    expect(told).toEqual([
      ['probe', 6_000],
      ['dead', 16_000],
    ]);
  });
});

describe('a slow link', () => {
  test('over which a message arrives is alive, however long that takes', () => {
    const { clock, bytes, told } = connection();
    for (let second = 0; second < 300; second++) {
      clock.pass(1_000);
      bytes.received = (bytes.received ?? 0) + 10_000;
    }
    expect(told.filter(([what]) => what === 'dead')).toEqual([]);
  });

  test('into which a message goes is alive, and then given the time that its buffers may need', () => {
    const { clock, bytes, told } = connection();
    bytes.sent = 30 * MB;
    for (bytes.buffered = 30 * MB; bytes.buffered > 0; bytes.buffered -= MB) clock.pass(2_000);
    clock.pass(60_000);
    expect(told.filter(([what]) => what === 'dead')).toEqual([]);
    clock.pass(30_000);
    expect(told.at(-1)?.[0]).toBe('dead');
  });

  test('is taken to carry 64 KB a second where nothing of it can be seen', () => {
    const { clock, bytes, told } = connection({ showsBytes: false });
    bytes.sent = 30 * MB;
    clock.pass(15_000 + 10_000 + 30 * 1_024 * (1_024 / 64) - 2_000);
    expect(told.filter(([what]) => what === 'dead')).toEqual([]);
    clock.pass(3_000);
    expect(told.at(-1)?.[0]).toBe('dead');
  });

  test('a peer that is gone takes nothing, even if the system takes what is sent', () => {
    const { clock, bytes, told } = connection();
    clock.pass(10_000);
    bytes.sent = 20_000;
    clock.pass(60_000);
    expect(told.at(-1)).toEqual(['dead', 25_000]);
  });
});

describe('a process that was away', () => {
  test('asks at once, and judges by what comes after', () => {
    const { clock, told, liveness } = connection();
    clock.pass(10_000);
    clock.stop(3_600_000);
    clock.pass(1);
    expect(told.map(([what]) => what)).toEqual(['probe']);
    liveness.heard();
    clock.pass(14_000);
    expect(told).toHaveLength(1);
  });

  test('gives the peer its full time again when it had already asked', () => {
    const { clock, told } = connection();
    clock.pass(16_000);
    clock.stop(8_000);
    clock.pass(9_000);
    expect(told.map(([what]) => what)).toEqual(['probe']);
    clock.pass(3_000);
    expect(told.at(-1)?.[0]).toBe('dead');
  });
});

test('a thousand idle connections share one timer, which fires once a second at most', () => {
  const clock = new HandClock();
  let fired = 0;
  const counting = Object.assign(Object.create(clock) as HandClock, {
    after: (ms: number, work: () => void) =>
      clock.after(ms, () => {
        fired++;
        work();
      }),
    now: () => clock.now(),
  });
  const pulse = new Pulse(counting);
  const all = Array.from({ length: 1_000 }, () => {
    clock.pass(15);
    return connection({ clock, pulse });
  });
  expect(clock.timers).toBe(1);
  fired = 0;
  for (let second = 0; second < 60; second++) {
    clock.pass(1_000);
    for (const { told, liveness } of all) {
      if (told.length > 0) liveness.heard();
    }
  }
  expect(fired).toBeLessThanOrEqual(61);
  for (const { told } of all) {
    expect(told.filter(([what]) => what === 'dead')).toEqual([]);
  }
  for (const { liveness } of all) liveness.stop();
  expect(clock.timers).toBe(0);
});
