import { closeSync, constants, fsyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { InstantNodeError } from '../../errors.ts';

/**
 * Syncs the names in a folder to disk. Returns false where a folder cannot be synced and the system decides when: then
 * a power failure may undo the latest creations and renames.
 */
export function syncFolderSync(folder: string): boolean {
  if (KEEPS_NAMES) return true;
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
    return true;
  } catch (error) {
    return passIfUnsyncable(error);
  } finally {
    closeSync(fd);
  }
}

/** The same without blocking the event loop. */
export async function syncFolder(folder: string): Promise<boolean> {
  if (KEEPS_NAMES) return true;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
    return true;
  } catch (error) {
    return passIfUnsyncable(error);
  } finally {
    await handle.close();
  }
}

/** What is weaker if a folder's names cannot be synced, as a sentence's end, and a hint; undefined if they can. */
export function unsyncedNamesOf(folder: string): { what: string; hint: string } | undefined {
  if (syncFolderSync(folder)) return undefined;
  const names = `what is made or renamed in "${folder}" cannot be synced`;
  const risk = 'a power cut may take it back. What is written within files is synced all the same';
  return process.permission
    ? {
        what: `${names} while Node runs with --permission`,
        hint: `Without --permission it can be; with it, ${risk}`,
      }
    : { what: `${names} on its file system`, hint: `On a local disk it can be; here, ${risk}` };
}

/** The part of the storage options that takes reports. */
interface Told {
  report(error: InstantNodeError): void;
}

/** Reports that names in `folder` cannot be synced, if so. Call it once, after opening a storage in it. */
export function reportUnsyncedNames(subject: string, folder: string, { report }: Told): void {
  const weakness = unsyncedNamesOf(folder);
  if (!weakness) return;
  report(new InstantNodeError('storage', `Opened ${subject}: ${weakness.what}`, { hint: weakness.hint }));
}

/**
 * Extra flags for opening a file that must be durable: with them, each write returns when its data is on disk. Empty
 * except under Node's permission model, which alone refuses to sync an open file.
 */
export const SYNCED_WRITES: number = process.permission ? (constants.O_SYNC ?? 0) : 0;

/** Windows makes names durable by itself, and cannot open folders. */
const KEEPS_NAMES = process.platform === 'win32';

/**
 * Some network and FUSE file systems make names durable by themselves and refuse to sync a folder; so does Node's
 * permission model (`fsync API is disabled`, seen on 22 to 26). Throws any other error.
 */
function passIfUnsyncable(error: unknown): false {
  const { code } = error as NodeJS.ErrnoException;
  if (UNSYNCABLE.has(code ?? '')) return false;
  throw error;
}

const UNSYNCABLE = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'ERR_ACCESS_DENIED']);
