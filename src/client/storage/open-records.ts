import type { StoreInterfaceClass } from '@instantdb/core';
import type { StorageDriver, StorageOptions } from '../../drivers/contract.ts';
import type { RedisConfig } from '../../drivers/storage/redis/config.ts';
import type { SqliteConfig } from '../../drivers/storage/sqlite/config.ts';
import type { UnstorageDriver, UnstorageStorage } from '../../drivers/storage/unstorage/shape.ts';
import type { InstantNodeError } from '../../errors.ts';
import type { ResolvedConfig } from '../config.ts';
import { classRecordStore } from './class-record-store.ts';
import { type EnvelopeRecordStore, envelopeRecordStore } from './envelope-record-store.ts';
import { memoryRecordStore } from './memory-record-store.ts';
import { migratingDriver } from './migrating-driver.ts';
import type { RecordStore } from './record-store.ts';

/** How each storage is opened. Throws what can be known at once; all else makes the calls of the driver reject. */
export interface StorageDrivers {
  filesystem(folder: string, options: StorageOptions): StorageDriver;
  sqlite(file: string, options: StorageOptions, config: SqliteConfig): StorageDriver;
  redis(config: RedisConfig, options: StorageOptions): StorageDriver;
  /** Without `durable`, the driver's name decides; one that is not known to last is reported. */
  unstorage(
    storage: UnstorageStorage | UnstorageDriver,
    options: StorageOptions,
    durable: boolean | undefined,
  ): StorageDriver;
  /** Only to seal what such a class is given. */
  class(Store: StoreInterfaceClass, options: StorageOptions, durable: boolean): StorageDriver;
}

/** What happens in a storage. */
export interface RecordsEvents {
  /** Something went wrong, and the database goes on. */
  report(error: InstantNodeError): void;
  /** The storage cannot be used, or no more: the database must stop. */
  failed(error: InstantNodeError): void;
  /** Its content is gone, or older than it was: everything in memory must be stored again. */
  emptied(): void;
}

/** Opens the storage that `init` was asked for. */
export function openRecords(
  drivers: StorageDrivers,
  resolved: ResolvedConfig,
  events: RecordsEvents,
): RecordStore {
  const { storage, keyring } = resolved;
  if (storage.kind === 'memory') return memoryRecordStore();
  const scope = { appId: resolved.core.appId, instanceKey: resolved.instanceKey };
  // A class of the user's gets what core would give it, unless there is a key to seal it with.
  if (storage.kind === 'class' && !keyring) {
    return classRecordStore(storage.Store, scope.appId, storage.durable);
  }
  let records: EnvelopeRecordStore | undefined;
  const driver = openDriver(drivers, resolved, {
    scope,
    whenLocked: resolved.whenStorageLocked,
    hold: resolved.keepAlive,
    report: events.report,
    lost: events.failed,
    emptied() {
      records?.emptied();
      events.emptied();
    },
  });
  records = envelopeRecordStore(driver, scope, { keyring, report: events.report });
  return records;
}

function openDriver(
  drivers: StorageDrivers,
  { storage }: ResolvedConfig,
  options: StorageOptions,
): StorageDriver {
  switch (storage.kind) {
    case 'filesystem':
      return drivers.filesystem(storage.path, options);
    case 'sqlite':
      return drivers.sqlite(storage.path, options, storage.sqlite);
    case 'redis':
      return drivers.redis(storage.redis, options);
    case 'unstorage':
      return drivers.unstorage(storage.storage, options, storage.durable);
    case 'class':
      return migratingDriver(
        drivers.class(storage.Store, options, storage.durable),
        classRecordStore(storage.Store, options.scope.appId),
      );
    case 'memory':
      throw new TypeError('Storage "memory" has no driver');
  }
}
