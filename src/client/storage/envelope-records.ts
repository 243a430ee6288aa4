import { clearTimeout, setTimeout } from 'node:timers';
import type { BatchLimit, StorageDriver, StorageScope } from '../../drivers/contract.ts';
import { InstantNodeError, isFault } from '../../errors.ts';
import { type Deferred, deferred } from '../deferred.ts';
import { backoffMs } from './backoff.ts';
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

const RETRY_MS = { first: 100, most: 5_000 } as const;
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

/** Where a storage is between being opened and disposed of. */
type State =
  | { is: 'opening'; storage: Promise<EnvelopeStorage>; failures: number }
  /** It failed for a reason that may pass; the next call tries again, or the timer. */
  | { is: 'waiting'; retry: NodeJS.Timeout; failures: number }
  | { is: 'open'; storage: Promise<EnvelopeStorage> }
  /** Rejected for good, as every call is from then on. */
  | { is: 'refused'; storage: Promise<EnvelopeStorage> }
  | { is: 'disposed'; disposal: Promise<void> };

class DriverRecords implements EnvelopeRecords {
  readonly durable: boolean;
  readonly maxBatch: BatchLimit;
  readonly #driver: StorageDriver;
  readonly #open: () => Promise<EnvelopeStorage>;
  readonly #report: (error: InstantNodeError) => void;
  readonly #opened: Deferred<void> = deferred();
  #state: State;

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
    this.#state = this.#opening(0);
  }

  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  async read(store: RecordStore, key: string): Promise<unknown> {
    return (await this.#storage()).read(store, key);
  }

  async *entries(store: RecordStore): AsyncGenerator<readonly RecordEntry[]> {
    yield* (await this.#storage()).entries(store);
  }

  async write(changes: readonly RecordChange[]): Promise<void> {
    // Now, since the values may change before the storage is open.
    const asJson = changes.map(jsonOf);
    await (await this.#storage()).write(asJson);
  }

  async keys(store: RecordStore): Promise<string[]> {
    return (await this.#storage()).keys(store);
  }

  emptied(): void {
    // One that is being opened has acknowledged nothing yet.
    if (this.#state.is === 'open') void this.#state.storage.then((storage) => storage.emptied());
  }

  dispose(): Promise<void> {
    if (this.#state.is === 'disposed') return this.#state.disposal;
    const disposal = this.#dispose(this.#state);
    this.#state = { is: 'disposed', disposal };
    return disposal;
  }

  async #dispose(state: State): Promise<void> {
    if (state.is === 'waiting') clearTimeout(state.retry);
    this.#opened.reject(closedRecords(this.#driver.name));
    // What was called before comes first. A driver that is not open may be waiting for another process, without end.
    if (state.is === 'open') await state.storage;
    await this.#driver.dispose();
  }

  #storage(): Promise<EnvelopeStorage> {
    const state = this.#state;
    if (state.is === 'disposed') return Promise.reject(closedRecords(this.#driver.name));
    if (state.is !== 'waiting') return state.storage;
    clearTimeout(state.retry);
    const opening = this.#opening(state.failures);
    this.#state = opening;
    return opening.storage;
  }

  #opening(failures: number): Extract<State, { is: 'opening' }> {
    const storage = this.#open();
    const opening = { is: 'opening', storage, failures } as const;
    storage.then(
      () => this.#wasOpened(storage),
      (cause) => this.#wasNotOpened(opening, cause),
    );
    return opening;
  }

  #wasOpened(storage: Promise<EnvelopeStorage>): void {
    this.#opened.resolve();
    if (this.#state.is !== 'disposed') this.#state = { is: 'open', storage };
  }

  #wasNotOpened({ storage, failures }: Extract<State, { is: 'opening' }>, cause: unknown): void {
    if (this.#state.is === 'disposed') return;
    if (isFinal(cause)) {
      this.#opened.reject(cause);
      this.#state = { is: 'refused', storage };
      return;
    }
    const retry = setTimeout(() => void this.#storage().catch(() => {}), backoffMs(failures, RETRY_MS));
    retry.unref();
    this.#state = { is: 'waiting', retry, failures: failures + 1 };
    if (failures > 0) return;
    const message = `Cannot open storage "${this.#driver.name}" yet: it is tried again`;
    this.#report(new InstantNodeError('storage', message, { cause }));
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
