import type { StorageKinds } from '../../drivers/storage/kinds/index.ts';
import type { StorageKind } from '../../drivers/storage/storage-kind.ts';
import { classRecords } from './class-records.ts';
import { type EnvelopeRecords, envelopeRecords } from './envelope-records.ts';
import type { KeepingEvents } from './keeping.ts';
import { memoryRecords } from './memory-records.ts';
import type { Records } from './records.ts';
import type { StorageRequest } from './storage-request.ts';
import { takingOver } from './taken-over.ts';

/** Who is told of what happens in a storage. */
export interface RecordsEvents extends Pick<KeepingEvents, 'report' | 'failed'> {
  /** What was kept is gone, or older: whatever is in memory is to be kept again. */
  emptied(): void;
}

/** Opens the storage that `init` was asked for. */
export function openRecords(kinds: StorageKinds, request: StorageRequest, events: RecordsEvents): Records {
  const { storage, keyring } = request;
  const kind: StorageKind = kinds[storage.kind];
  if (!kind.open) return memoryRecords();
  const scope = { appId: request.core.appId, instanceKey: request.instanceKey };
  // A class of the user's is given what core would give it, unless that is to be sealed.
  if ('Store' in storage && !keyring) return classRecords(storage.Store, scope.appId, storage.durable);
  let records: EnvelopeRecords | undefined;
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
  const whole = 'Store' in storage ? takingOver(driver, classRecords(storage.Store, scope.appId)) : driver;
  records = envelopeRecords(whole, scope, { keyring, report: events.report });
  return records;
}
