import type { StorageKind } from '../storage-kind.ts';

/** Storage `'memory'`: ends with the process. */
export const memoryKind: StorageKind = {
  options: [],
  read: () => ({}),
  identify: () => ({}),
};
