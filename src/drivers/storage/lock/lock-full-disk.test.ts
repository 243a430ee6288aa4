import type * as Fs from 'node:fs';
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, onTestFinished, test, vi } from 'vitest';
import { takeLock } from './file-lock.ts';
import { lockFile } from './lock-file.ts';

let isFull = false;

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof Fs>();
  return {
    ...fs,
    writeSync(...args: [number, string, number]) {
      if (isFull) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      return fs.writeSync(...args);
    },
  };
});

test('takeLock() holds a place on a full disk, where a file can still be made but holds nothing', async () => {
  const folder = mkdtempSync(`${tmpdir()}/instant-node-lock-`);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const place = `${folder}/scope`;
  const take = () => {
    const lock = takeLock(place, { subject: 'storage "test"', lost: () => {} });
    onTestFinished(() => lock.release());
    return lock;
  };
  isFull = true;
  onTestFinished(() => {
    isFull = false;
  });
  const lock = take();
  expect(readFileSync(lockFile(place, 1), 'utf8')).toBe('');
  lock.assertHeld();
  expect(take).toThrow(expect.objectContaining({ code: 'storage-locked' }));
  lock.release();
  const again = take();
  expect(again.generation).toBe(2);
  expect(take).toThrow(expect.objectContaining({ code: 'storage-locked' }));
  // It gives signs of life all the same.
  utimesSync(lockFile(place, 2), 1, 1);
  await vi.waitUntil(() => statSync(lockFile(place, 2)).mtimeMs > 1_000_000, { timeout: 60_000 });
  expect(take).toThrow(expect.objectContaining({ code: 'storage-locked' }));
  isFull = false;
  await vi.waitUntil(() => readFileSync(lockFile(place, 2), 'utf8').startsWith('held\n'), {
    timeout: 60_000,
  });
  again.assertHeld();
  again.release();
  expect(take()).toMatchObject({ generation: 3, fence: 2 });
});
