import Module from 'node:module';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the tests have `better-sqlite3`, which Node 20 needs: apart from the root, see `runtimes/node/package.json`. */
export const BETTER_SQLITE3_FOLDER: string = fileURLToPath(
  new URL('../../runtimes/node/node_modules', import.meta.url),
);

/** Lets this process find `better-sqlite3` there, as a user's would find it beside this package, and the processes that it starts. */
export function provideBetterSqlite3(): void {
  const paths = process.env.NODE_PATH?.split(delimiter) ?? [];
  if (paths.includes(BETTER_SQLITE3_FOLDER)) return;
  process.env.NODE_PATH = [...paths, BETTER_SQLITE3_FOLDER].filter(Boolean).join(delimiter);
  // Read once, at the start of the process; Bun and Deno bring SQLite along and need none of it.
  (Module as { _initPaths?: () => void })._initPaths?.();
}
