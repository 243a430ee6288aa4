import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { syncFolderSync } from './folder-sync.ts';

/**
 * Creates a folder and its parents, for the owner only, and makes their names durable. An existing one is left
 * unchanged.
 */
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
