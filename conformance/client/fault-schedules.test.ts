import { startBackend } from '@instantdb/node/backend';
import { expect, onTestFinished, test } from 'vitest';
import { runSchedule } from '../support/fault-schedule/run-schedule.ts';
import { described, scheduleOf } from '../support/fault-schedule/steps.ts';
import { runtime } from '../support/runtime.ts';

/** On one Node, Bun and Deno a hundred each; the other versions of Node have the same sockets. */
const USUAL = ['node24', 'bun', 'deno'].includes(runtime) ? 100 : 20;
/** How many schedules a run has: FAULT_SEEDS says otherwise, and SEED runs one of them again. */
const COUNT = Number(process.env.FAULT_SEEDS ?? USUAL);
const AT_ONCE = 8;
/** What takes longer hangs. */
const PATIENCE_MS = Number(process.env.FAULT_PATIENCE_MS ?? 60_000);

const again = process.env.SEED;
const base = Number(again ?? Date.now() % 1_000_000_000);
const seeds = Array.from({ length: again === undefined ? COUNT : 1 }, (_, index) => base + index);

test(`after schedules of faults client and backend agree (seeds ${base} to ${base + seeds.length - 1})`, async () => {
  const backend = await startBackend();
  onTestFinished(() => backend.close());
  const failures: string[] = [];
  const waiting = [...seeds];
  const work = async (): Promise<void> => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const schedule = scheduleOf(seed);
      await runSchedule(backend, schedule, PATIENCE_MS).catch((error: Error) => {
        failures.push(`${described(schedule)}\n${error.message}`);
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  expect(
    failures,
    `${failures.length} of ${seeds.length} failed\n${failures.slice(0, 3).join('\n\n')}`,
  ).toEqual([]);
});
