import { InstantNodeError, isInstantNodeError } from '../../errors.ts';
import type { Keeper } from '../app/keeper.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { openDiskKeeper } from './disk-keeper.ts';

/**
 * Opens what keeps apps in a folder. `failed` is called once, when the folder cannot be written any more: the backend
 * has to stop.
 *
 * @throws {InstantNodeError} `storage` when the folder cannot be used; what is in it is left as it was.
 */
export function openKeeper(folder: string, failed: (error: InstantNodeError) => void): Keeper {
  const data = openDataFolder(folder);
  try {
    return openDiskKeeper(data, failed);
  } catch (cause) {
    data.release();
    throw asStorageError(data, cause);
  }
}

function asStorageError({ database }: DataFolder, cause: unknown): InstantNodeError {
  if (isInstantNodeError(cause)) return cause;
  return new InstantNodeError('storage', `Cannot open "${database}": it cannot be read`, { cause });
}
