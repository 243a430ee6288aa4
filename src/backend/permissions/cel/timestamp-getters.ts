import type { Environment } from '@marcbachmann/cel-js';
import { charge } from './meter.ts';

const TIMESTAMP = 'google.protobuf.Timestamp';
const DURATION = 'google.protobuf.Duration';
const DAY_MS = 86_400_000;

/** The cost of a time zone lookup: creating a format takes as long as evaluating this many nodes. */
const FORMAT_STEPS = 50;

/** The parts of a time in UTC, by CEL's names. */
const GETTERS: Readonly<Record<string, (time: Date) => number>> = {
  getDate: (time) => time.getUTCDate(),
  getDayOfMonth: (time) => time.getUTCDate() - 1,
  getDayOfWeek: (time) => time.getUTCDay(),
  getDayOfYear: (time) => Math.floor((time.getTime() - startOfYear(time)) / DAY_MS),
  getFullYear: (time) => time.getUTCFullYear(),
  getHours: (time) => time.getUTCHours(),
  getMilliseconds: (time) => time.getUTCMilliseconds(),
  getMinutes: (time) => time.getUTCMinutes(),
  getMonth: (time) => time.getUTCMonth(),
  getSeconds: (time) => time.getUTCSeconds(),
};

/** Getters that durations have too. */
const OF_DURATIONS = ['getHours', 'getMilliseconds', 'getMinutes', 'getSeconds'] as const;

type Duration = Record<(typeof OF_DURATIONS)[number], () => bigint>;

/** Maps the name a rule uses for a getter to the name of our version. */
export const TIMESTAMP_GETTERS: ReadonlyMap<string, string> = new Map(
  Object.keys(GETTERS).map((name) => [name, ours(name)]),
);

function ours(name: string): string {
  return `anywhere_${name}`;
}

/**
 * Time getters that do not depend on the machine's time zone. The evaluator's go through local time, and so are off by
 * an hour or a day around the machine's daylight-saving changes.
 */
export function addTimestampGetters(environment: Environment): void {
  const add = (signature: string, handler: (...args: never[]) => bigint): void => {
    environment.registerFunction(signature, handler, { async: false });
  };
  for (const [name, get] of Object.entries(GETTERS)) {
    add(`${TIMESTAMP}.${ours(name)}(): int`, (time: Date) => BigInt(get(time)));
    add(`${TIMESTAMP}.${ours(name)}(string): int`, (time: Date, zone: string) =>
      BigInt(get(inZone(time, zone))),
    );
  }
  for (const name of OF_DURATIONS) {
    add(`${DURATION}.${ours(name)}(): int`, (duration: Duration) => duration[name]());
  }
}

/** A time whose UTC parts are those of `time` in a zone. Throws for an unknown zone. */
function inZone(time: Date, timeZone: string): Date {
  charge(FORMAT_STEPS);
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const there = new Date(0);
  // `Date.UTC()` would take the years 0 to 99 for 1900 to 1999.
  there.setUTCFullYear(part('year'), part('month') - 1, part('day'));
  there.setUTCHours(part('hour'), part('minute'), part('second'), time.getUTCMilliseconds());
  return there;
}

function startOfYear(time: Date): number {
  const start = new Date(0);
  start.setUTCFullYear(time.getUTCFullYear());
  return start.getTime();
}
