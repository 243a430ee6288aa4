import type { StorageWriteTrace } from '../diagnostics/channel-payloads.ts';
import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import type { RecordChange, RecordStore, StoreName } from './record-store.ts';

/** Records whose batches are traced; everything else is as it was. */
export class TracedRecordStore implements RecordStore {
  readonly durable: boolean;
  readonly maxBatch: RecordStore['maxBatch'];
  declare readonly entries?: NonNullable<RecordStore['entries']>;
  readonly #records: RecordStore;
  readonly #kind: string;
  readonly #diagnostics: Diagnostics;

  /** `kind` is the storage's name. */
  constructor(records: RecordStore, kind: string, diagnostics: Diagnostics) {
    this.durable = records.durable;
    this.maxBatch = records.maxBatch;
    // Its presence says that it costs less than single reads.
    if (records.entries) this.entries = records.entries.bind(records);
    this.#records = records;
    this.#kind = kind;
    this.#diagnostics = diagnostics;
  }

  get opened(): Promise<void> {
    return this.#records.opened;
  }

  read(store: StoreName, key: string): Promise<unknown> {
    return this.#records.read(store, key);
  }

  write(changes: readonly RecordChange[]): Promise<void> {
    return this.#diagnostics.until(
      'instant:storage-write',
      () => ({ storage: this.#kind, ...countsOf(changes) }),
      () => this.#records.write(changes),
    );
  }

  keys(store: StoreName): Promise<string[]> {
    return this.#records.keys(store);
  }

  dispose(): Promise<void> {
    return this.#records.dispose();
  }
}

function countsOf(
  changes: readonly RecordChange[],
): Pick<StorageWriteTrace, 'stores' | 'stored' | 'removed'> {
  const removed = changes.filter(([, , value]) => value === undefined).length;
  return {
    stores: [...new Set(changes.map(([store]) => store))],
    stored: changes.length - removed,
    removed,
  };
}
