import { closeSync, constants, fsyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { InstantNodeError } from '../../errors.ts';

/**
 * Has the names in a folder on the disk. False where that cannot be asked for, and the system decides when: a power cut may
 * take back what was made or renamed last.
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

/** The same, while the event loop goes on. */
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

/** What is weaker in a folder whose names cannot be synced, as a sentence's end, with what would help; undefined where they can. */
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

/** The parts of a database's storage that are told of it. */
interface Told {
  report(error: InstantNodeError): void;
}

/** Reports that names in `folder` cannot be synced, if so: to be called once, when a storage in it was opened. */
export function reportUnsyncedNames(subject: string, folder: string, { report }: Told): void {
  const weakness = unsyncedNamesOf(folder);
  if (!weakness) return;
  report(new InstantNodeError('storage', `Opened ${subject}: ${weakness.what}`, { hint: weakness.hint }));
}

/**
 * To be added to the flags of a file that is to be synced: with it, what is written is on the disk when the call returns.
 * Node's permission model refuses to sync a file that is open, and nothing else does.
 */
export const SYNCED_WRITES: number = process.permission ? (constants.O_SYNC ?? 0) : 0;

/** Windows keeps names safe by itself, and opens no folder. */
const KEEPS_NAMES = process.platform === 'win32';

/**
 * Some network and FUSE file systems keep names by themselves, and refuse to sync a folder, as Node's permission model does
 * (`fsync API is disabled`, seen on 22 to 26). Throws what else went wrong.
 */
function passIfUnsyncable(error: unknown): false {
  const { code } = error as NodeJS.ErrnoException;
  if (UNSYNCABLE.has(code ?? '')) return false;
  throw error;
}

const UNSYNCABLE = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'ERR_ACCESS_DENIED']);
