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

/** An existing file, or one that was just created. */
export interface FoundFile {
  /** Its canonical path. */
  readonly path: string;
  /** Whether it is empty although it was not just created: then its content is lost. */
  readonly isEmptied: boolean;
}

/**
 * Creates the file if it does not exist, for its owner alone. A new file gets its name only once it has its full
 * initial content, so an empty one must have lost its content.
 */
export function findOrMakeFile(file: string, open: SqliteOpener): FoundFile {
  try {
    makeFolder(dirname(file));
    const isNew = !statOf(file) && make(file, open);
    const stats = statSync(file);
    if (!stats.isFile()) throw new TypeError('It is no file');
    // A draft of a creator that was killed, or that will find this file in place.
    if (stats.nlink > 1) removeDrafts(file);
    return { path: realpathSync(file), isEmptied: stats.size === 0 && !isNew };
  } catch (cause) {
    // SQLite may be missing, say, which is not the file's fault.
    if (cause instanceof InstantNodeError) throw cause;
    throw cannotOpen(file, 'the file cannot be written', {
      hint: 'Give storagePath a file in a folder that this process may write',
      ...withHint(cause),
    });
  }
}

/** Whether this call created it. False when another was faster, or a leftover log shows that the file was lost. */
function make(file: string, open: SqliteOpener): boolean {
  // A log without its file is what remains of a lost file. SQLite would apply it to a file that has content, and
  // discards it along with an empty one.
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
    // No files next to it, and synced once it is complete. SQLite does this, because Node's permission model allows
    // nothing else to.
    database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; BEGIN');
    makeSchema(database);
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}

// Opened only if it does not exist: when a process closes a file, it drops all its locks on it, including SQLite's.
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
