import { InstantNodeError } from '../../../errors.ts';
import { withHint } from '../failure-hint.ts';

/** The error for a file that cannot be opened. */
export function cannotOpen(
  file: string,
  why: string,
  details: { hint?: string; cause?: unknown },
): InstantNodeError {
  return new InstantNodeError('storage', `Cannot open storage "sqlite" at "${file}": ${why}`, details);
}

/** The same for an error of SQLite or the file system. */
export function refusalOf(file: string, cause: unknown): InstantNodeError {
  if (cause instanceof InstantNodeError) return cause;
  return cannotOpen(file, ...reasonOf(cause));
}

function reasonOf(cause: unknown): [why: string, details: { hint?: string; cause?: unknown }] {
  const said = cause instanceof Error ? cause.message : '';
  if (/malformed|corrupt/i.test(said)) {
    const hint = 'Restore it from a copy, or read what can be read with: sqlite3 <file> .recover';
    return ['the file is damaged', { hint, cause }];
  }
  if (/not a database/i.test(said)) return ['not a database of ours', { cause }];
  if (/readonly|read-only/i.test(said)) return ['the file cannot be written', withHint(cause)];
  // Usually permission is missing, and SQLite does not say so.
  if (/unable to open|permission|access/i.test(said)) {
    const hint =
      'Give storagePath a file that this process may read and write, in a folder that it may write';
    return ['the file, or one that SQLite needs beside it, cannot be opened', { hint, cause }];
  }
  return ['SQLite cannot use the file', withHint(cause)];
}
