import { randomUUID } from 'node:crypto';
import {
  closeSync,
  linkSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { InstantNodeError } from '../../../errors.ts';
import { withHint } from '../failure-hint.ts';
import { syncFolderSync } from '../folder-sync.ts';
import { makeFolder } from '../private-folder.ts';
import type { SqliteOpener } from './sqlite-database.ts';
import { cannotOpen } from './sqlite-refusal.ts';
import { makeSchema } from './sqlite-schema.ts';

/** A file that is there, or was just made. */
export interface FoundFile {
  /** Its one true path. */
  readonly path: string;
  /** Whether it is empty though nobody just made it: what was in it is lost. */
  readonly isEmptied: boolean;
}

/**
 * Makes a file that is not there, for its owner alone. It gets its name when all is in it that a new one has, so that one
 * without has lost that.
 */
export function findOrMakeFile(file: string, open: SqliteOpener): FoundFile {
  try {
    makeFolder(dirname(file));
    const isNew = !statOf(file) && make(file, open);
    const stats = statSync(file);
    if (!stats.isFile()) throw new TypeError('It is no file');
    // That of a maker who was killed, or will find this one.
    if (stats.nlink > 1) removeDrafts(file);
    return { path: realpathSync(file), isEmptied: stats.size === 0 && !isNew };
  } catch (cause) {
    // That there is no SQLite, say, which is nothing of the file's.
    if (cause instanceof InstantNodeError) throw cause;
    throw cannotOpen(file, 'the file cannot be written', {
      hint: 'Give storagePath a file in a folder that this process may write',
      ...withHint(cause),
    });
  }
}

/** Whether this call has made it; false when another was faster. */
function make(file: string, open: SqliteOpener): boolean {
  // A log without its file is all that is left of that. SQLite would add it to a whole one, and drops it with an empty one.
  if ((statOf(`${file}-wal`)?.size ?? 0) > 0) {
    makeEmpty(file);
    return false;
  }
  const draft = `${file}.new-${randomUUID()}`;
  try {
    writeDraft(draft, open);
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (statOf(file)) return false;
    if (!HAS_NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return makeEmpty(file);
  } finally {
    rmSync(draft, { force: true });
    syncFolderSync(dirname(file));
  }
}

const HAS_NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

function writeDraft(draft: string, open: SqliteOpener): void {
  closeSync(openSync(draft, 'wx', 0o600));
  const database = open(draft);
  try {
    // Without files beside it, and synced once it is whole. By SQLite: Node's permission model lets nothing else do that.
    database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; BEGIN');
    makeSchema(database);
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}

// Opened only where it is not there: a process that closes a file drops every lock it has on it, those of SQLite too.
function makeEmpty(file: string): boolean {
  try {
    closeSync(openSync(file, 'wx', 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function removeDrafts(file: string): void {
  const prefix = `${basename(file)}.new-`;
  for (const name of readdirSync(dirname(file)))
    if (name.startsWith(prefix)) rmSync(`${dirname(file)}/${name}`, { force: true });
}

function statOf(file: string): Stats | undefined {
  return statSync(file, { throwIfNoEntry: false });
}
