import { findRecord, stepToDelete, write } from '../app/system-records.ts';
import type { FileApp } from './file-app.ts';

/**
 * Deletes the files with these paths as one transaction, and returns the ids of those that existed. Rules are not
 * checked.
 */
export function deleteFiles(app: FileApp, paths: readonly string[]): string[] {
  app.assertWritable();
  const ids = [...new Set(paths)].flatMap((path) => findRecord(app, '$files', 'path', path)?.id ?? []);
  write(
    app,
    ids.map((id) => stepToDelete('$files', id)),
  );
  return ids;
}
