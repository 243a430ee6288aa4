import type * as Fs from 'node:fs';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, onTestFinished, test, vi } from 'vitest';
import { takeLock } from './file-lock.ts';
import { lockFile } from './lock-file.ts';

let beforeWriting: () => void = () => {};

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof Fs>();
  return {
    ...fs,
    writeSync(...args: [number, string, number]) {
      beforeWriting();
      return fs.writeSync(...args);
    },
  };
});

// Whoever is killed while a file says nothing yet leaves one that the next has to wait for.
test('takeLock() lets its file appear with all that it says', () => {
  const folder = mkdtempSync(`${tmpdir()}/instant-node-lock-`);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = lockFile(`${folder}/scope`, 1);
  const wasThere: boolean[] = [];
  beforeWriting = () => wasThere.push(existsSync(file));
  const lock = takeLock(`${folder}/scope`, { subject: 'storage "test"', lost: () => {} });
  onTestFinished(() => lock.release());
  expect(wasThere).toEqual([false]);
  expect(readFileSync(file, 'utf8')).toMatch(/^held\n\{.+\}\n\n$/);
});
