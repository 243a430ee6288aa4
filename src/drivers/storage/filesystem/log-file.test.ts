import { expect, test } from 'vitest';
import type { DiskFile } from './disk.ts';
import { LogFile } from './log-file.ts';

/** A file of which every read is noted, and which fails from some offset on. */
function fileOf(content: string, failsFrom = Number.POSITIVE_INFINITY) {
  const bytes = Buffer.from(content);
  const reads: [offset: number, length: number][] = [];
  let isClosed = false;
  const file = {
    read: async (into: Uint8Array, position: number) => {
      if (isClosed) throw new Error('closed');
      reads.push([position, into.length]);
      if (position + into.length > failsFrom) throw new Error('EIO');
      const found = bytes.subarray(position, position + into.length);
      into.set(found);
      return found.length;
    },
    close() {
      isClosed = true;
    },
  };
  return {
    log: new LogFile('log', file as unknown as DiskFile, bytes.length),
    reads,
    isClosed: () => isClosed,
  };
}

test('readTogether() reads what is asked for in one turn with few calls, and gives each its own', async () => {
  const { log, reads } = fileOf('abcdefghij'.repeat(10_000));
  const asked = [50_003, 4, 60_007, 0, 12].map((offset) => log.readTogether({ offset, length: 2 }));
  expect((await Promise.all(asked)).map(String)).toEqual(['de', 'ef', 'hi', 'ab', 'cd']);
  expect(reads).toEqual([
    [0, 14],
    [50_003, 10_006],
  ]);
});

test('readTogether() fails for those alone that lie where the disk fails', async () => {
  const { log } = fileOf('abcdefghij'.repeat(10_000), 50_000);
  const asked = [50_010, 49_990, 4, 3].map((offset) => log.readTogether({ offset, length: 2 }));
  const outcomes = await Promise.allSettled(asked);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
});

test('close() waits for what was asked for', async () => {
  const { log, isClosed } = fileOf('abc');
  const asked = log.readTogether({ offset: 1, length: 2 });
  log.close();
  expect(isClosed()).toBe(false);
  expect(String(await asked)).toBe('bc');
  expect(isClosed()).toBe(true);
});
