import { mkdtempSync, rmSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { runtime } from './runtime.ts';

/** The part of Node's module loader that reads `NODE_PATH`, which it else does at its start alone. */
interface Loader {
  _initPaths(): void;
}

/**
 * Whether storage "sqlite" can be opened here. Node 20 brings no SQLite: better-sqlite3 is installed apart from the
 * root (see `runtimes/node`), where it is found through `NODE_PATH`, by the processes that these tests start too.
 */
export const hasSqlite: boolean = runtime !== 'node20' || findsBetterSqlite3();

function findsBetterSqlite3(): boolean {
  process.env.NODE_PATH = fileURLToPath(new URL('../../runtimes/node/node_modules', import.meta.url));
  (module as unknown as Loader)._initPaths();
  try {
    const Database = module.createRequire(import.meta.url)('better-sqlite3');
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
