import type { SqliteDatabase } from './sqlite-database.ts';

/** Written to `application_id`, so that another program's file is not mistaken for ours: "InNd". */
export const APPLICATION_ID = 0x496e_4e64;
/**
 * Written to `user_version`, so that a later version of this package knows what it opens.
 *
 * - 1: values are JSON.
 * - 2: values are records of the layer above, which distinguishes them from JSON. The table has row ids if the file was
 *   created with this version.
 */
export const SCHEMA_VERSION = 2;

/** Sets up an empty database as ours. */
export function makeSchema(database: SqliteDatabase): void {
  // Before the first table, so that free pages can be returned a few at a time.
  database.exec('PRAGMA auto_vacuum = INCREMENTAL');
  // With row ids, because records are large: without them, a record of over a kilobyte takes a page of its own.
  database.exec('CREATE TABLE items (key BLOB PRIMARY KEY NOT NULL, value TEXT NOT NULL)');
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
}
