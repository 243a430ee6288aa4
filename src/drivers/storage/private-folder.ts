import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { syncFolderSync } from './folder-sync.ts';

/** Makes a folder for its owner alone, with those above it, and has their names on the disk. One that is there stays as it is. */
export function makeFolder(folder: string): void {
  const path = resolve(folder);
  const first = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const top = dirname(resolve(first));
  for (let made = dirname(path); ; made = dirname(made)) {
    syncFolderSync(made);
    if (made === top || made === dirname(made)) return;
  }
}
