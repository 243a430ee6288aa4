import type { StorageKind } from '../storage-kind.ts';
import { storagePath, storagePathIn } from '../storage-path.ts';
import { openFilesystemStorage } from './filesystem.ts';

/** Storage `'filesystem'`: files in a folder. */
export const filesystemKind: StorageKind<{ path: string }> = {
  options: [storagePath],
  read: (given) => ({ path: storagePathIn(given, { kind: 'filesystem', of: 'folder' }) }),
  identify: ({ path }) => ({ data: path }),
  open: ({ path }, options) => openFilesystemStorage(path, options),
};
