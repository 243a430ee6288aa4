import type { StorageChange, StorageDriver } from '../../drivers/contract.ts';
import { entriesOf } from '../../drivers/storage/record-entries.ts';
import { joinKey, lastPart } from '../../drivers/storage/record-key.ts';
import { InstantNodeError } from '../../errors.ts';
import { setAside } from './damaged.ts';
import type { Envelope } from './envelope.ts';
import { describeKey, storePrefix } from './envelope-keys.ts';
import type { OpenGeneration } from './envelope-opening.ts';
import type { RecordEntry, RecordStore } from './records.ts';

/** One change of a batch, as JSON; null forgets the key. */
export type JsonChange = readonly [store: RecordStore, key: string, json: string | null];

/** The records of a storage that is open. */
export class EnvelopeStorage {
  readonly #driver: StorageDriver;
  readonly #envelope: Envelope;
  readonly #prefixes: Readonly<Record<RecordStore, string>>;
  readonly #report: (error: InstantNodeError) => void;
  readonly #header: readonly StorageChange[];
  #preamble: readonly StorageChange[];
  /** Records that are being set aside, and whether a batch has named them meanwhile. */
  readonly #suspects: Map<string, { isOverwritten: boolean; value: Promise<unknown> }> = new Map();

  constructor(
    driver: StorageDriver,
    { number, envelope, header, isNew }: OpenGeneration,
    report: (error: InstantNodeError) => void,
  ) {
    this.#driver = driver;
    this.#envelope = envelope;
    this.#header = header;
    this.#preamble = isNew ? header : [];
    this.#report = report;
    this.#prefixes = {
      kv: storePrefix(number, 'kv'),
      querySubs: storePrefix(number, 'querySubs'),
      syncSubs: storePrefix(number, 'syncSubs'),
      writes: storePrefix(number, 'writes'),
    };
  }

  async read(store: RecordStore, key: string): Promise<unknown> {
    const driverKey = this.#keyOf(store, key);
    return this.#valueOf(driverKey, await this.#driver.get(driverKey));
  }

  async *entries(store: RecordStore): AsyncGenerator<readonly RecordEntry[]> {
    for await (const some of entriesOf(this.#driver, this.#prefixes[store])) {
      const values = await Promise.all(some.map(([driverKey, text]) => this.#valueOf(driverKey, text)));
      yield some.map(([driverKey], index) => [lastPart(driverKey), values[index]]);
    }
  }

  async write(changes: readonly JsonChange[]): Promise<void> {
    const batch = changes.map(([store, key, json]): StorageChange => {
      const driverKey = this.#keyOf(store, key);
      return [driverKey, json === null ? null : this.#envelope.wrap(driverKey, json)];
    });
    if (this.#suspects.size > 0) this.#noteOverwritten(batch);
    const preamble = this.#preamble;
    // With each batch until one is kept: this one may fail, and the one behind it may not.
    await this.#driver.write(preamble.length > 0 ? [...preamble, ...batch] : batch);
    if (this.#preamble === preamble) this.#preamble = [];
  }

  /** What the driver had is gone, the header too. */
  emptied(): void {
    this.#preamble = [...this.#header];
  }

  async keys(store: RecordStore): Promise<string[]> {
    const prefix = this.#prefixes[store];
    const keys = await this.#driver.keys();
    return keys.filter((key) => key.startsWith(prefix)).map(lastPart);
  }

  /** The value, or a promise of it where the text is to be read once more. */
  #valueOf(driverKey: string, text: string | null): unknown {
    if (text === null) return null;
    const json = this.#envelope.unwrap(driverKey, text);
    return json === undefined ? this.#readAgain(driverKey) : JSON.parse(json);
  }

  #keyOf(store: RecordStore, key: string): string {
    return `${this.#prefixes[store]}${joinKey(key)}`;
  }

  #readAgain(driverKey: string): Promise<unknown> {
    const others = this.#suspects.get(driverKey);
    if (others) return others.value;
    const suspect = { isOverwritten: false, value: Promise.resolve<unknown>(null) };
    // From here on, a batch that names the record is noticed: what it wrote must not be set aside.
    this.#suspects.set(driverKey, suspect);
    suspect.value = this.#setAside(driverKey, suspect).finally(() => this.#suspects.delete(driverKey));
    return suspect.value;
  }

  async #setAside(driverKey: string, suspect: { readonly isOverwritten: boolean }): Promise<unknown> {
    const text = await this.#driver.get(driverKey);
    if (text === null) return null;
    const json = this.#envelope.unwrap(driverKey, text);
    if (json !== undefined) return JSON.parse(json);
    const { change, error } = setAside(this.#driver, this.#envelope, driverKey, text);
    try {
      await this.#driver.write(suspect.isOverwritten ? [change] : [change, [driverKey, null]]);
      this.#report(error);
    } catch (cause) {
      const message = `Cannot set aside ${describeKey(driverKey)} in storage "${this.#driver.name}", which is damaged`;
      this.#report(new InstantNodeError('storage', message, { cause }));
    }
    return null;
  }

  #noteOverwritten(batch: readonly StorageChange[]): void {
    for (const [key] of batch) {
      const suspect = this.#suspects.get(key);
      if (suspect) suspect.isOverwritten = true;
    }
  }
}
