import { clearTimeout, setTimeout } from 'node:timers';
import type { BatchLimit, StorageDriver, StorageScope } from '../../drivers/contract.ts';
import { InstantNodeError, isFault } from '../../errors.ts';
import { type Deferred, deferred } from '../timing/deferred.ts';
import { openGeneration } from './envelope-opening.ts';
import { isFinal, refusal } from './envelope-refusal.ts';
import { EnvelopeStorage, type JsonChange } from './envelope-storage.ts';
import type { Keyring } from './keyring.ts';
import {
  closedRecords,
  describeRecord,
  Json,
  type RecordChange,
  type RecordEntry,
  type RecordStore,
  type Records,
} from './records.ts';

const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;
const FAULT_HINT =
  'This is a fault of @instantdb/node, or of what it stands on: the cause says where. Please report it';
/** Of a driver that names none. */
const MAX_BATCH: BatchLimit = { records: Number.POSITIVE_INFINITY, bytes: 16_000_000 };

/** How the records of a driver are kept. */
export interface EnvelopeOptions {
  /** Seals every record, when given. What is not sealed yet, or sealed with a previous key, is when it is opened. */
  readonly keyring?: Keyring | undefined;
  /** Tells of what no call can reject for: a damaged record, a storage that cannot be opened yet. */
  report(error: InstantNodeError): void;
}

/**
 * Keeps records in a driver, each in an envelope that shows damage and, with a key, hides and protects what is in it.
 * The driver is disposed of with the records.
 *
 * A driver that fails while it is being opened fails the calls that wait for it, and is tried again: by the next call,
 * and after a while. `opened` goes on waiting then, and rejects for what no other try would change.
 */
export function envelopeRecords(
  driver: StorageDriver,
  scope: StorageScope,
  { keyring, report }: EnvelopeOptions,
): EnvelopeRecords {
  const open = async (): Promise<EnvelopeStorage> => {
    try {
      return new EnvelopeStorage(driver, await openGeneration({ driver, scope, keyring, report }), report);
    } catch (error) {
      // Not tried again and again, as what is away is.
      throw isFault(error) ? refusal(driver.name, 'a program is wrong', FAULT_HINT, error) : error;
    }
  };
  return new DriverRecords(driver, open, report);
}

/** The records of a driver. */
export interface EnvelopeRecords extends Records {
  /** To be called when the driver tells that what it had is gone: without its header, what comes now could not be read. */
  emptied(): void;
}

class DriverRecords implements EnvelopeRecords {
  readonly durable: boolean;
  readonly maxBatch: BatchLimit;
  readonly #driver: StorageDriver;
  readonly #open: () => Promise<EnvelopeStorage>;
  readonly #report: (error: InstantNodeError) => void;
  readonly #opened: Deferred<void> = deferred();
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #storage: Promise<EnvelopeStorage> | undefined;
  #isOpen = false;
  #disposal: Promise<void> | undefined;

  constructor(
    driver: StorageDriver,
    open: () => Promise<EnvelopeStorage>,
    report: (error: InstantNodeError) => void,
  ) {
    this.durable = driver.durable;
    this.maxBatch = driver.maxBatch ?? MAX_BATCH;
    this.#driver = driver;
    this.#open = open;
    this.#report = report;
    this.#opened.promise.catch(() => {});
    this.#use().catch(() => {});
  }

  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  async read(store: RecordStore, key: string): Promise<unknown> {
    return (await this.#use()).read(store, key);
  }

  async *entries(store: RecordStore): AsyncGenerator<readonly RecordEntry[]> {
    yield* (await this.#use()).entries(store);
  }

  async write(changes: readonly RecordChange[]): Promise<void> {
    // Now, since the values may change before the storage is open.
    const asJson = changes.map(jsonOf);
    await (await this.#use()).write(asJson);
  }

  async keys(store: RecordStore): Promise<string[]> {
    return (await this.#use()).keys(store);
  }

  emptied(): void {
    // One that is being opened has acknowledged nothing yet.
    if (this.#isOpen) void this.#storage?.then((storage) => storage.emptied());
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose(): Promise<void> {
    clearTimeout(this.#retry);
    this.#opened.reject(closedRecords(this.#driver.name));
    // What was called before comes first. A driver that is not open may be waiting for another process, without end.
    if (this.#isOpen) await this.#storage;
    await this.#driver.dispose();
  }

  #use(): Promise<EnvelopeStorage> {
    if (this.#disposal) return Promise.reject(closedRecords(this.#driver.name));
    this.#storage ??= this.#tryToOpen();
    return this.#storage;
  }

  async #tryToOpen(): Promise<EnvelopeStorage> {
    clearTimeout(this.#retry);
    try {
      const storage = await this.#open();
      this.#isOpen = true;
      this.#opened.resolve();
      return storage;
    } catch (error) {
      if (isFinal(error)) this.#opened.reject(error);
      else this.#openLater(error);
      throw error;
    }
  }

  #openLater(cause: unknown): void {
    this.#storage = undefined;
    if (this.#disposal) return;
    if (this.#retryMs === FIRST_RETRY_MS) {
      const message = `Cannot open storage "${this.#driver.name}" yet: it is tried again`;
      this.#report(new InstantNodeError('storage', message, { cause }));
    }
    this.#retry = setTimeout(() => void this.#use().catch(() => {}), this.#retryMs);
    this.#retry.unref();
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
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
