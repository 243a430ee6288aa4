import { describe, expect, test } from 'vitest';
import { type Random, seededRandom } from '../../../../conformance/support/random.ts';
import type { InstantNodeError } from '../../../errors.ts';
import type { StorageChange } from '../../contract.ts';
import type { FoundNote } from '../lock/file-lock.ts';
import { Log } from './log.ts';
import { type Plan, SimulatedDisk } from './log-disk.fixture.ts';

const seed = Number(process.env.LOG_SEED ?? 20_261_123);

/** A batch as it was called, and what was said of it; nothing where the process ended first. */
interface Called {
  readonly changes: readonly StorageChange[];
  outcome: 'kept' | 'refused' | 'unknown';
}

type Content = Record<string, string>;

interface Opening {
  reports?: InstantNodeError[];
  /** What the owner before has said, or found and not said again. */
  found?: FoundNote | undefined;
}

function openLog(disk: SimulatedDisk, generation: number, { reports = [], found }: Opening = {}): Log {
  return new Log({
    disk,
    folder: 'log',
    subject: 'storage "filesystem" at "simulated"',
    // Small enough for the log to be written anew several times.
    minGarbage: 600,
    lock: { generation, fence: 1, found, loss: undefined, assertHeld: () => {} },
    report: (error) => reports.push(error),
    emptied: () => {
      throw new Error('Nobody else has the disk');
    },
  });
}

function randomBatch(random: Random, name: string): StorageChange[] {
  return Array.from({ length: 1 + random.below(4) }, (_, index): StorageChange => {
    const key = `key:${random.below(6)}`;
    return [key, random.below(4) === 0 ? null : `${name}.${index} ${'x'.repeat(random.below(150))}\n`];
  });
}

/** Calls batches, some one after the other and some at once, and notes what comes of them, until `mayGoOn` says no. */
async function work(log: Log, random: Random, calls: Called[], mayGoOn = () => true): Promise<void> {
  for (let turn = 0; turn < 12 && mayGoOn(); turn++) {
    const together = Array.from({ length: 1 + random.below(4) }, async () => {
      const called: Called = { changes: randomBatch(random, `batch ${calls.length}`), outcome: 'unknown' };
      calls.push(called);
      await log.write(called.changes).then(
        () => {
          called.outcome = 'kept';
        },
        ({ cause }: InstantNodeError) => {
          called.outcome = (cause as NodeJS.ErrnoException).code === 'crash' ? 'unknown' : 'refused';
        },
      );
    });
    await Promise.all(together);
  }
}

function contentAfter(batches: readonly Called[]): Content {
  const content = new Map<string, string>();
  for (const [key, record] of batches.flatMap(({ changes }) => changes)) {
    if (record === null) content.delete(key);
    else content.set(key, record);
  }
  return Object.fromEntries([...content].sort());
}

async function contentOf(log: Log): Promise<Content> {
  const keys = (await log.keys()).sort();
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await log.get(key)])));
}

const kept = (calls: readonly Called[]): Called[] => calls.filter(({ outcome }) => outcome === 'kept');

/**
 * What may be found: all that was kept; of what was under way at the end as much as came before some point; and the
 * same of what was refused, which one failure of syncing refuses together.
 */
function possibleContents(calls: readonly Called[]): Content[] {
  const pointsIn = (outcome: Called['outcome']): number[] => [
    -1,
    ...calls.flatMap((call, index) => (call.outcome === outcome ? [index] : [])),
  ];
  return pointsIn('unknown').flatMap((ended) =>
    pointsIn('refused').map((refused) => {
      const last = { kept: Number.POSITIVE_INFINITY, refused, unknown: ended };
      return contentAfter(calls.filter(({ outcome }, index) => index <= last[outcome]));
    }),
  );
}

/**
 * Whether a new log can be opened on the disk, takes a batch, and holds what it took beside what it found. Lines that a
 * power failure has spoiled are told of, and nothing but that.
 */
async function expectUsable(
  disk: SimulatedDisk,
  generation: number,
  { found: note, possible, spoils }: { found: FoundNote | undefined; possible: Content[]; spoils: boolean },
): Promise<void> {
  const reports: InstantNodeError[] = [];
  const log = openLog(disk, generation, { reports, found: note });
  const found = await contentOf(log);
  expect(possible).toContainEqual(found);
  await log.write([['another', 'one']]);
  const text = await log.close();
  expect(reports.filter(({ message }) => !(spoils && message.includes('damaged lines')))).toEqual([]);
  expect(text).toContain('"mayHaveGrown":false');
  reports.length = 0;
  const again = openLog(disk, generation + 1, { reports, found: text ? { text, isLast: true } : undefined });
  expect(await contentOf(again)).toEqual({ another: 'one', ...found });
  await again.write([['another', null]]);
  await again.close();
  expect(reports).toEqual([]);
}

/** Runs `attempt` with a fault at the first call, at the second, and so on, until one is not reached any more. */
async function untilClean(attempt: (at: number, random: Random) => Promise<boolean>): Promise<void> {
  for (let at = 1; ; at++) {
    const random = seededRandom(seed + at);
    try {
      if (!(await attempt(at, random))) return expect(at).toBeGreaterThan(50);
    } catch (error) {
      throw new Error(`With LOG_SEED=${seed}, at call ${at}`, { cause: error });
    }
  }
}

/** Opens a log and works with it; whether it could be opened. */
async function attemptWork(
  disk: SimulatedDisk,
  { random, calls, found }: { random: Random; calls: Called[]; found: FoundNote },
  mayGoOn?: () => boolean,
): Promise<Log | undefined> {
  let log: Log;
  try {
    log = openLog(disk, 2, { found });
  } catch {
    return undefined;
  }
  await work(log, random, calls, mayGoOn);
  return log;
}

/** What one owner has left behind. */
interface Used {
  /** Said, and as it is known of after another owner was killed. */
  readonly said: FoundNote;
  readonly heldSince: FoundNote;
  readonly files: Map<string, Buffer>;
  readonly calls: readonly Called[];
}

async function usedDisk(): Promise<Used> {
  const random = seededRandom(seed);
  const calls: Called[] = [];
  const disk = new SimulatedDisk(random);
  const log = openLog(disk, 1);
  await work(log, random, calls);
  const text = (await log.close()) ?? '';
  expect(kept(calls)).toHaveLength(calls.length);
  return { said: { text, isLast: true }, heldSince: { text, isLast: false }, files: disk.files(), calls };
}

function diskLike({ files }: Used, random: Random, ...plans: Plan[]): SimulatedDisk {
  const disk = new SimulatedDisk(random, ...plans);
  for (const [name, bytes] of files) disk.put(name, bytes);
  return disk;
}

describe('a log on a disk that fails', () => {
  test.each([
    ['EIO', 1],
    ['ENOSPC', 1],
    ['EIO', 3],
    ['ENOSPC', 7],
  ] as const)(
    'keeps what it acknowledged and nothing else: %s, %i times, from any call on',
    async (fault, times) => {
      const used = await usedDisk();
      await untilClean(async (at, random) => {
        const calls = [...used.calls];
        const disk = diskLike(used, random, { fault, at, times });
        const log = await attemptWork(disk, { random, calls, found: used.said });
        const hasFailed = disk.heal();
        const content = contentAfter(kept(calls));
        if (log) {
          expect(await contentOf(log)).toEqual(content);
          await log.write([['after', 'all']]);
          calls.push({ changes: [['after', 'all']], outcome: 'kept' });
          expect(await contentOf(log)).toEqual({ after: 'all', ...content });
          await log.close();
        }
        await expectUsable(disk.afterKill(), 3, {
          found: used.heldSince,
          possible: [contentAfter(kept(calls))],
          spoils: false,
        });
        await expectUsable(disk.afterPowerFailure(), 3, {
          found: used.heldSince,
          possible: [contentAfter(kept(calls))],
          spoils: true,
        });
        return hasFailed;
      });
    },
  );

  test('does not read back what it has refused, when it is killed right after', async () => {
    const used = await usedDisk();
    await untilClean(async (at, random) => {
      const calls = [...used.calls];
      const disk = diskLike(used, random, { fault: 'ENOSPC', at, times: 1 });
      const wasRefused = (): boolean => calls.some(({ outcome }) => outcome === 'refused');
      await attemptWork(disk, { random, calls, found: used.said }, () => !wasRefused());
      const hasFailed = disk.heal();
      await expectUsable(disk.afterKill(), 3, {
        found: used.heldSince,
        possible: [contentAfter(kept(calls))],
        spoils: false,
      });
      return hasFailed;
    });
  });

  describe('holds every acknowledged batch, none half, none without those before it', () => {
    /** Runs until the disk crashes, and checks what `images` gives of it. */
    const afterCrash =
      (
        used: Used,
        plan: (at: number, random: Random) => Plan[],
        images: (disk: SimulatedDisk) => SimulatedDisk[],
      ) =>
      async (at: number, random: Random): Promise<boolean> => {
        const calls = [...used.calls];
        const disk = diskLike(used, random, ...plan(at, random));
        const log = await attemptWork(disk, { random, calls, found: used.said });
        await log?.close().catch(() => {});
        const possible = possibleContents(calls);
        for (const image of images(disk)) {
          await expectUsable(image, 3, { found: used.heldSince, possible, spoils: true });
        }
        return disk.heal();
      };
    const crash = (at: number): Plan => ({ fault: 'crash', at, times: 1 });

    test('when the power fails, at any call', async () => {
      await untilClean(
        afterCrash(
          await usedDisk(),
          (at) => [crash(at)],
          (disk) => Array.from({ length: 5 }, () => disk.afterPowerFailure()),
        ),
      );
    });

    test('when the process is killed at any call, and the power fails while the next one works', async () => {
      const used = await usedDisk();
      await untilClean(async (at, random) => {
        const calls = [...used.calls];
        const disk = diskLike(used, random, crash(at));
        await attemptWork(disk, { random, calls, found: used.said });
        const after = disk.afterKill();
        const log = openLog(after, 3, { found: used.heldSince });
        const found = await contentOf(log);
        expect(possibleContents(calls)).toContainEqual(found);
        const later: Called[] = [{ changes: Object.entries(found), outcome: 'kept' }];
        await log.write([['first', 'of the next']]);
        later.push({ changes: [['first', 'of the next']], outcome: 'kept' });
        await expectUsable(after.afterPowerFailure(), 4, {
          found: used.heldSince,
          possible: [contentAfter(later)],
          spoils: true,
        });
        await log.close();
        return disk.heal();
      });
    });

    test('when a call fails, any, and the process is killed or the power fails soon after', async () => {
      await untilClean(
        afterCrash(
          await usedDisk(),
          (at, random) => [{ fault: 'EIO', at, times: 1 }, crash(at + 1 + random.below(20))],
          (disk) => [disk.afterKill(), disk.afterPowerFailure(), disk.afterPowerFailure()],
        ),
      );
    });
  });
});
