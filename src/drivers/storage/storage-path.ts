import { resolve } from 'node:path';
import { refusedOption } from '../../invalid-option.ts';
import type { GivenOptions, StorageOption } from './storage-kind.ts';

/** Option `storagePath`, for the kinds that store files. */
export const storagePath: StorageOption = {
  name: 'storagePath',
  check(value) {
    if (typeof value !== 'string') throw refusedOption('storagePath', value, 'a string');
  },
  misplaced(value, kinds) {
    const named = kinds.map((kind) => `"${kind}"`).join(' and ');
    return refusedOption('storagePath', value, `nothing: only the storages ${named} have a path`);
  },
};

/** The absolute path given for a kind that stores its data in a `file` or a `folder`. */
export function storagePathIn(
  { storagePath: path }: GivenOptions,
  { kind, of }: { kind: string; of: 'file' | 'folder' },
): string {
  if (typeof path === 'string' && path.trim() !== '') return resolve(path);
  throw refusedOption('storagePath', path, `the path of a ${of}, which storage "${kind}" needs`);
}
