import { describe, expect, test } from 'vitest';
import type { DiskFile } from './disk.ts';
import { encodeBatch, encodeHeader, encodeSynced, movedLine } from './log-line.ts';
import { scanLog } from './log-scan.ts';

/** A file that gives a few bytes at a time. */
function fileOf(bytes: Buffer): DiskFile {
  const never = (): never => {
    throw new TypeError('A scan only reads');
  };
  return {
    size: () => bytes.length,
    readSync(into, position) {
      const found = bytes.subarray(position, position + Math.min(into.length, 37));
      into.set(found);
      return found.length;
    },
    read: never,
    write: never,
    sync: never,
    truncate: never,
    close: never,
    isRemoved: never,
  };
}

/** A batch of two lines, written when batch `synced` was on the disk. */
const batch = (number: number, synced: number): Buffer[] =>
  encodeBatch(number, synced, [
    [`key:${number}`, 'x'],
    [`also:${number}`, 'y'],
  ]);

/** The same with a byte changed in its second line. */
function damaged(lines: Buffer[]): Buffer[] {
  const last = Buffer.from(lines.at(-1) as Buffer);
  last.writeUInt8(0x21, last.length - 3);
  return [...lines.slice(0, -1), last];
}

const moved = (key: string): Buffer => movedLine(encodeBatch(7, 6, [[key, 'z']])[0] as Buffer);

function scan(...lines: (Buffer | Buffer[])[]): { keys: string[]; damaged: number; torn: boolean } {
  const content = scanLog(fileOf(Buffer.concat([encodeHeader(1), ...lines.flat()])));
  expect(content.version).toBe(1);
  return { keys: [...content.index.keys()].sort(), damaged: content.damaged.length, torn: content.torn };
}

const keysOf = (...batches: number[]): string[] =>
  batches.flatMap((number) => [`key:${number}`, `also:${number}`]).sort();

describe('scanLog()', () => {
  test('finds what was written', () => {
    const found = scan(batch(1, 0), batch(2, 0), batch(3, 2), encodeSynced(3));
    expect(found).toEqual({ keys: keysOf(1, 2, 3), damaged: 0, torn: false });
  });

  test('leaves out a line that is damaged, and goes on when what follows was written later', () => {
    const found = scan(batch(1, 0), damaged(batch(2, 1)), batch(3, 2), batch(4, 2));
    expect(found).toEqual({
      keys: ['also:1', 'also:3', 'also:4', 'key:1', 'key:2', 'key:3', 'key:4'],
      damaged: 1,
      torn: false,
    });
  });

  test('goes on when a line vouches for what is damaged', () => {
    const found = scan(batch(1, 0), damaged(batch(2, 1)), batch(3, 1), encodeSynced(3));
    expect(found).toEqual({ keys: ['also:1', 'also:3', 'key:1', 'key:2', 'key:3'], damaged: 1, torn: false });
  });

  test('a damaged line costs no other of its batch, wherever it stands', () => {
    const changes = ['a', 'b', 'c'].map((key) => [key, 'x'] as const);
    for (const at of [0, 1, 2]) {
      const lines = encodeBatch(1, 0, changes);
      const spoiled = lines.flatMap((line, index) => (index === at ? damaged([line]) : [line]));
      const keys = ['a', 'b', 'c'].filter((_, index) => index !== at);
      expect(scan(spoiled, encodeSynced(1))).toEqual({ keys, damaged: 1, torn: false });
      expect(scan(spoiled, batch(2, 1))).toEqual({
        keys: [...keys, ...keysOf(2)].sort(),
        damaged: 1,
        torn: false,
      });
      // Not known to have been on the disk as a whole.
      expect(scan(spoiled)).toEqual({ keys: [], damaged: 3, torn: false });
    }
  });

  test('two lines that became one for want of a line break cost no other of their batch', () => {
    const lines = encodeBatch(1, 0, [
      ['a', 'x'],
      ['b', 'x'],
      ['c', 'x'],
      ['d', 'x'],
    ]);
    (lines[1] as Buffer)[(lines[1] as Buffer).length - 1] = 0x21;
    expect(scan(lines, encodeSynced(1))).toEqual({ keys: ['a', 'd'], damaged: 1, torn: false });
  });

  test('a last line whose line break alone is another byte is damaged, not torn', () => {
    const [line] = encodeBatch(2, 1, [['a', 'x']]) as [Buffer];
    const flipped = Buffer.from(line);
    flipped[flipped.length - 1] = 0x0b;
    expect(scan(batch(1, 0), flipped)).toEqual({ keys: keysOf(1), damaged: 1, torn: false });
    expect(scan(batch(1, 0), line.subarray(0, -1))).toEqual({ keys: keysOf(1), damaged: 0, torn: true });
  });

  test('leaves out what was written together with what is damaged and comes after it', () => {
    const found = scan(batch(1, 0), damaged(batch(2, 1)), batch(3, 1), batch(4, 1));
    expect(found).toEqual({ keys: keysOf(1), damaged: 6, torn: false });
  });

  test('leaves that out too where batches before were moved from another log', () => {
    const found = scan(moved('a'), moved('b'), encodeSynced(50), damaged(batch(51, 50)), batch(52, 50));
    expect(found).toEqual({ keys: ['a', 'b'], damaged: 4, torn: false });
  });

  test('a moved record that is damaged costs no other', () => {
    expect(scan(moved('a'), damaged([moved('b')]), moved('c'))).toEqual({
      keys: ['a', 'c'],
      damaged: 1,
      torn: false,
    });
    expect(scan(moved('a'), damaged([moved('b')]), encodeSynced(9))).toMatchObject({
      keys: ['a'],
      damaged: 1,
    });
  });

  test('a batch that lacks its end is torn, and one that lacks its middle is damaged', () => {
    const [first, second] = batch(2, 1) as [Buffer, Buffer];
    expect(scan(batch(1, 0), first)).toEqual({ keys: keysOf(1), damaged: 0, torn: true });
    expect(scan(batch(1, 0), first, second.subarray(0, 20))).toMatchObject({ keys: keysOf(1), torn: true });
    expect(scan(batch(1, 0), first, batch(3, 2))).toMatchObject({ keys: keysOf(1, 3), damaged: 1 });
    expect(scan(batch(1, 0), second, batch(3, 2))).toMatchObject({ keys: keysOf(1, 3), damaged: 1 });
  });

  test('what is no log at all is damaged', () => {
    const content = scanLog(fileOf(Buffer.from('hello\n\n0 0 0/0 - -\nworld\n')));
    expect(content).toMatchObject({ version: undefined, damaged: { length: 4 }, torn: false });
    expect(content.index.size).toBe(0);
  });
});
