import type { StorageKind } from '../storage-kind.ts';
import { storagePath, storagePathIn } from '../storage-path.ts';
import { openSqliteStorage } from './sqlite.ts';
import { parseSqliteConfig, SQLITE_PACKAGE, type SqliteConfig } from './sqlite-config.ts';

/** Storage `'sqlite'`: one file, through `node:sqlite` or a package. */
export const sqliteKind: StorageKind<{ path: string; sqlite: SqliteConfig }> = {
  options: [storagePath, { name: 'sqlite' }],
  needs: SQLITE_PACKAGE,
  read: (given) => ({
    path: storagePathIn(given, { kind: 'sqlite', of: 'file' }),
    sqlite: parseSqliteConfig(given.sqlite),
  }),
  // The class makes no difference to the file, and a reloaded program has another copy of it.
  identify: ({ path }) => ({ data: path }),
  open: ({ path, sqlite }, options) => openSqliteStorage(path, options, sqlite),
};
