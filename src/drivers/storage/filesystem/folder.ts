import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Makes a folder for its owner alone, with those above it, and has their names on the disk. One that is there stays as it is. */
export function makeFolder(folder: string): void {
  const path = resolve(folder);
  const first = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const top = dirname(resolve(first));
  for (let made = dirname(path); ; made = dirname(made)) {
    syncFolder(made);
    if (made === top || made === dirname(made)) return;
  }
}

/** Has the names in a folder on the disk. */
export function syncFolder(folder: string): void {
  // Windows keeps names safe by itself, and opens no folder.
  if (process.platform === 'win32') return;
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } catch (error) {
    passIfUnsyncable(error);
  } finally {
    closeSync(fd);
  }
}

/** Some network and FUSE file systems keep names by themselves, and refuse to sync a folder. Throws what else went wrong. */
export function passIfUnsyncable(error: unknown): void {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'EINVAL' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
}
