import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { provideBetterSqlite3 } from './better-sqlite3.ts';
import { runtime } from './runtime.ts';

/**
 * Whether storage "sqlite" can be opened here. Node 20 brings no SQLite: better-sqlite3 is installed apart from the
 * root (see `runtimes/node`), where it is found through `NODE_PATH`, by the processes that these tests start too.
 */
export const hasSqlite: boolean = runtime !== 'node20' || findsBetterSqlite3();

function findsBetterSqlite3(): boolean {
  provideBetterSqlite3();
  try {
    const Database = createRequire(import.meta.url)('better-sqlite3');
    new Database(':memory:').close();
    return true;
  } catch {
    return false;
  }
}

/** A folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'instant-node-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
