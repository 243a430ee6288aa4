import type { StorageKinds } from '../../drivers/storage/kinds/index.ts';
import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import { openRecordStore } from './open-record-store.ts';
import { Persistence } from './persistence.ts';
import type { StorageRequest } from './storage-request.ts';
import { ToldStorage } from './told-storage.ts';

/** Opens the storage that `init` was asked for, for what a database stores. */
export function openPersistence(
  kinds: StorageKinds,
  request: StorageRequest,
  { isAdmin, diagnostics }: { isAdmin: boolean; diagnostics: Diagnostics },
): Persistence {
  return new Persistence(
    (events) => openRecordStore(kinds, request, events),
    isAdmin,
    new ToldStorage(diagnostics, request.storage.kind),
  );
}
