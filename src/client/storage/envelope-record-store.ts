import type { BatchLimit, StorageDriver, StorageScope } from '../../drivers/contract.ts';
import { InstantNodeError, isFault } from '../../errors.ts';
import { EnvelopeStorage, type JsonChange } from './envelope-storage.ts';
import type { Keyring } from './keyring.ts';
import { openGeneration } from './open-generation.ts';
import { refusal } from './opening-refusal.ts';
import {
  describeRecord,
  Json,
  type RecordChange,
  type RecordEntry,
  type RecordStore,
  type StoreName,
} from './record-store.ts';
import { StorageLifecycle } from './storage-lifecycle.ts';

const FAULT_HINT =
  'This is a fault of @instantdb/node, or of what it stands on: the cause says where. Please report it';
/** The limit of a driver that names none. */
const MAX_BATCH: BatchLimit = { records: Number.POSITIVE_INFINITY, bytes: 16_000_000 };

/** How records are stored in a driver. */
export interface EnvelopeOptions {
  /**
   * Seals every record, when given. Records that are plain, or sealed with a previous key, are sealed when the storage
   * is opened.
   */
  readonly keyring?: Keyring | undefined;
  /** Called with what no call can reject for: a damaged record, a storage that cannot be opened yet. */
  report(error: InstantNodeError): void;
}

/**
 * Stores records in a driver, each in an envelope that reveals damage and, with a key, hides and protects its content.
 * Disposing of the store disposes of the driver.
 *
 * A driver that fails while it is being opened fails the calls that wait for it, and is tried again: by the next call,
 * and after a while. `opened` keeps waiting through that, and only rejects for what another try would not change.
 */
export function envelopeRecordStore(
  driver: StorageDriver,
  scope: StorageScope,
  { keyring, report }: EnvelopeOptions,
): EnvelopeRecordStore {
  const open = async (): Promise<EnvelopeStorage> => {
    try {
      return new EnvelopeStorage(driver, await openGeneration({ driver, scope, keyring, report }), report);
    } catch (error) {
      // A server that is away is worth another try; a wrong program is not.
      throw isFault(error) ? refusal(driver.name, 'a program is wrong', FAULT_HINT, error) : error;
    }
  };
  return new DriverRecordStore(driver, new StorageLifecycle(driver, open, report));
}

/** The records of a driver. */
export interface EnvelopeRecordStore extends RecordStore {
  /** Call this when the driver has lost its content: without the header, nothing stored from then on could be read. */
  emptied(): void;
}

class DriverRecordStore implements EnvelopeRecordStore {
  readonly durable: boolean;
  readonly maxBatch: BatchLimit;
  readonly #lifecycle: StorageLifecycle;

  constructor(driver: StorageDriver, lifecycle: StorageLifecycle) {
    this.durable = driver.durable;
    this.maxBatch = driver.maxBatch ?? MAX_BATCH;
    this.#lifecycle = lifecycle;
  }

  get opened(): Promise<void> {
    return this.#lifecycle.opened;
  }

  async read(store: StoreName, key: string): Promise<unknown> {
    return (await this.#lifecycle.storage()).read(store, key);
  }

  async *entries(store: StoreName): AsyncGenerator<readonly RecordEntry[]> {
    yield* (await this.#lifecycle.storage()).entries(store);
  }

  async write(changes: readonly RecordChange[]): Promise<void> {
    // Serialized now, since the values may change before the storage is open.
    const asJson = changes.map(jsonOf);
    await (await this.#lifecycle.storage()).write(asJson);
  }

  async keys(store: StoreName): Promise<string[]> {
    return (await this.#lifecycle.storage()).keys(store);
  }

  emptied(): void {
    this.#lifecycle.emptied();
  }

  dispose(): Promise<void> {
    return this.#lifecycle.dispose();
  }
}

function jsonOf([store, key, value]: RecordChange): JsonChange {
  if (value === undefined) return [store, key, null];
  if (value instanceof Json) return [store, key, value.text];
  let json: string | undefined;
  let cause: unknown;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    cause = error;
  }
  if (json !== undefined) return [store, key, json];
  const message = `Cannot keep ${describeRecord(store, key)}: JSON cannot hold the value`;
  throw new InstantNodeError('storage', message, { cause });
}
