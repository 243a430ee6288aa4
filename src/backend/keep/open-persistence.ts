import { InstantNodeError, isInstantNodeError } from '../../errors.ts';
import type { AppPersistence } from '../app/app-persistence.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { openDiskPersistence } from './disk-persistence.ts';

/**
 * Opens the persistence of apps in a folder. `failed` is called once, when the folder can no longer be written: the
 * backend has to stop.
 *
 * @throws {InstantNodeError} `storage` when the folder cannot be used; its content is left unchanged.
 */
export function openPersistence(folder: string, failed: (error: InstantNodeError) => void): AppPersistence {
  const data = openDataFolder(folder);
  try {
    return openDiskPersistence(data, failed);
  } catch (cause) {
    data.release();
    throw asStorageError(data, cause);
  }
}

function asStorageError({ database }: DataFolder, cause: unknown): InstantNodeError {
  if (isInstantNodeError(cause)) return cause;
  return new InstantNodeError('storage', `Cannot open "${database}": it cannot be read`, { cause });
}
