import type { StorageKinds } from '../../drivers/storage/kinds/index.ts';
import type { StorageKind } from '../../drivers/storage/storage-kind.ts';
import type { InstantNodeError } from '../../errors.ts';
import { classRecordStore } from './class-record-store.ts';
import { type EnvelopeRecordStore, envelopeRecordStore } from './envelope-record-store.ts';
import { memoryRecordStore } from './memory-record-store.ts';
import { migratingDriver } from './migrating-driver.ts';
import type { RecordStore } from './record-store.ts';
import type { StorageRequest } from './storage-request.ts';

/** What happens in a storage. */
export interface RecordStoreEvents {
  /** Something went wrong, and the database goes on. */
  report(error: InstantNodeError): void;
  /** The storage cannot be used, or no longer: the database must stop. */
  failed(error: InstantNodeError): void;
  /** Its content is gone, or older than it was: everything in memory must be stored again. */
  emptied(): void;
}

/** Opens the storage that `init` was asked for. */
export function openRecordStore(
  kinds: StorageKinds,
  request: StorageRequest,
  events: RecordStoreEvents,
): RecordStore {
  const { storage, keyring } = request;
  const kind: StorageKind = kinds[storage.kind];
  if (!kind.open) return memoryRecordStore();
  const scope = { appId: request.core.appId, instanceKey: request.instanceKey };
  // A user's class gets what core would give it, unless there is a key to seal it with.
  if ('Store' in storage && !keyring) return classRecordStore(storage.Store, scope.appId, storage.durable);
  let records: EnvelopeRecordStore | undefined;
  const driver = kind.open(storage, {
    scope,
    whenLocked: request.whenStorageLocked,
    hold: request.keepAlive,
    report: events.report,
    lost: events.failed,
    emptied() {
      records?.emptied();
      events.emptied();
    },
  });
  const whole =
    'Store' in storage ? migratingDriver(driver, classRecordStore(storage.Store, scope.appId)) : driver;
  records = envelopeRecordStore(whole, scope, { keyring, report: events.report });
  return records;
}
