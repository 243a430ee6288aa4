import type { StorageKind } from '../storage-kind.ts';

/** Storage `'memory'`: it ends with the process. */
export const memoryKind: StorageKind = {
  options: [],
  read: () => ({}),
  identify: () => ({}),
};
