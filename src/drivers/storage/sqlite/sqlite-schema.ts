import type { SqliteDatabase } from './sqlite-database.ts';

/** Written to `application_id`, so that no other program's file is taken for one of ours: "InNd". */
export const APPLICATION_ID = 0x496e_4e64;
/**
 * Written to `user_version`, so that a later version of this package knows what it opens.
 *
 * - 1: values are JSON.
 * - 2: values are records of the layer above, which tells them from JSON. The table has row ids, in a file that was made so.
 */
export const SCHEMA_VERSION = 2;

/** Makes an empty database one of ours. */
export function makeSchema(database: SqliteDatabase): void {
  // Before there is a table: so that pages which are of no use any more can be given back a few at a time.
  database.exec('PRAGMA auto_vacuum = INCREMENTAL');
  // With row ids, as records are large: without, one of over a kilobyte takes a page of its own.
  database.exec('CREATE TABLE items (key BLOB PRIMARY KEY NOT NULL, value TEXT NOT NULL)');
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
}
