import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { InstantNodeError } from '../../../errors.ts';
import type { StorageDriver, StorageOptions } from '../../contract.ts';
import { reportExposure } from '../exposure.ts';
import { withHint } from '../failure-hint.ts';
import { reportUnsyncedNames } from '../folder-sync.ts';
import { type Lock, takeLock } from '../lock/file-lock.ts';
import { openOrWait } from '../lock/open-or-wait.ts';
import { makeFolder } from '../private-folder.ts';
import { fileNameOf } from '../scope-file-name.ts';
import { type Disk, machineDisk } from './disk.ts';
import { Log } from './log.ts';
import { noteIn } from './log-flaw.ts';
import { generationAfter } from './log-folder.ts';
import { encodeNote } from './log-note.ts';

/**
 * Stores records in files: in `folder`, which is created if missing, each scope has a folder with an append-only log,
 * which is rewritten when most of it is garbage. All of it is readable only by its owner.
 *
 * @throws {InstantNodeError} `storage` when the folder cannot be written or was written by a later version of this
 * package, `storage-locked` when the scope is open elsewhere and `whenLocked` is `'fail'`.
 */
export function openFilesystemStorage(
  folder: string,
  options: StorageOptions,
  disk: Disk = machineDisk,
): StorageDriver {
  const subject = `storage "filesystem" at "${resolve(folder)}"`;
  const open = (): StorageDriver => openScope(resolve(folder), subject, options, disk);
  return openOrWait({ name: 'filesystem', durable: true, subject, open }, options);
}

function openScope(folder: string, subject: string, options: StorageOptions, disk: Disk): StorageDriver {
  const { path, first } = folderOf(folder, subject, options, disk);
  const lock = takeLock(`${path}/scope`, { subject, first, lost: (error) => options.lost(error) });
  let log: Log;
  try {
    log = new Log({
      disk,
      folder: path,
      subject,
      lock,
      report: (error) => options.report(error),
      emptied: () => options.emptied(),
    });
  } catch (cause) {
    // What the last owner said of the log still holds, so it is passed on.
    const note = noteIn(lock.found);
    lock.release(note && encodeNote(note));
    if (cause instanceof InstantNodeError) throw cause;
    throw new InstantNodeError('storage', `Cannot open ${subject}: its log cannot be read`, { cause });
  }
  // Only the folder is checked: if others cannot enter it, they reach nothing inside.
  reportExposure(subject, [folder], options);
  reportUnsyncedNames(subject, path, options);
  return driverOver(log, lock);
}

function folderOf(
  folder: string,
  subject: string,
  { scope }: StorageOptions,
  disk: Disk,
): { path: string; first: number } {
  try {
    const path = `${folder}/${fileNameOf(scope)}`;
    makeFolder(path);
    return { path: realpathSync(path), first: generationAfter(disk.list(path)) };
  } catch (cause) {
    throw new InstantNodeError('storage', `Cannot open ${subject}: the folder cannot be written`, {
      hint: 'Give storagePath a folder that this process may write',
      ...withHint(cause),
    });
  }
}

function driverOver(log: Log, lock: Lock): StorageDriver {
  return {
    name: 'filesystem',
    durable: true,
    get: (key) => log.get(key),
    write: (changes) => log.write(changes),
    keys: () => log.keys(),
    scrub: () => log.scrub(),
    async dispose() {
      let note: string | undefined;
      try {
        note = await log.close();
      } finally {
        lock.release(note);
      }
    },
  };
}
