import type { StorageChange, StorageDriver } from '../../drivers/contract.ts';
import { entriesOf } from '../../drivers/storage/record-entries.ts';
import { joinKey, lastPart } from '../../drivers/storage/record-key.ts';
import { InstantNodeError } from '../../errors.ts';
import { describeKey, storePrefix } from './driver-keys.ts';
import type { OpenGeneration } from './open-generation.ts';
import { quarantine } from './quarantine.ts';
import type { RecordEnvelope } from './record-envelope.ts';
import type { RecordEntry, StoreName } from './record-store.ts';

/** One change of a batch, as JSON; null forgets the key. */
export type JsonChange = readonly [store: StoreName, key: string, json: string | null];

/**
 * The records of a storage that is open.
 *
 * A damaged record reads as null, after its text was moved to quarantine and reported. A batch is as atomic as the
 * driver makes it; the first of a new storage carries the header, without which nothing could be read again.
 */
export class EnvelopeStorage {
  readonly #driver: StorageDriver;
  readonly #envelope: RecordEnvelope;
  readonly #prefixes: Readonly<Record<StoreName, string>>;
  readonly #report: (error: InstantNodeError) => void;
  readonly #header: readonly StorageChange[];
  #preamble: readonly StorageChange[];
  /** Records that are being put into quarantine, and whether a batch has named them meanwhile. */
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

  async read(store: StoreName, key: string): Promise<unknown> {
    const driverKey = this.#keyOf(store, key);
    return this.#valueOf(driverKey, await this.#driver.get(driverKey));
  }

  async *entries(store: StoreName): AsyncGenerator<readonly RecordEntry[]> {
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
    // In each batch until one succeeds: this one may fail while the one behind it does not.
    await this.#driver.write(preamble.length > 0 ? [...preamble, ...batch] : batch);
    if (this.#preamble === preamble) this.#preamble = [];
  }

  /** The driver has lost its content, the header included. */
  emptied(): void {
    this.#preamble = [...this.#header];
  }

  async keys(store: StoreName): Promise<string[]> {
    const prefix = this.#prefixes[store];
    const keys = await this.#driver.keys();
    return keys.filter((key) => key.startsWith(prefix)).map(lastPart);
  }

  /** The value, or a promise of it where the text has to be read once more. */
  #valueOf(driverKey: string, text: string | null): unknown {
    if (text === null) return null;
    const json = this.#envelope.unwrap(driverKey, text);
    return json === undefined ? this.#readAgain(driverKey) : JSON.parse(json);
  }

  #keyOf(store: StoreName, key: string): string {
    return `${this.#prefixes[store]}${joinKey(key)}`;
  }

  #readAgain(driverKey: string): Promise<unknown> {
    const others = this.#suspects.get(driverKey);
    if (others) return others.value;
    const suspect = { isOverwritten: false, value: Promise.resolve<unknown>(null) };
    // From here on, a batch that names the record is noticed: the text that it wrote must not go into quarantine.
    this.#suspects.set(driverKey, suspect);
    suspect.value = this.#quarantine(driverKey, suspect).finally(() => this.#suspects.delete(driverKey));
    return suspect.value;
  }

  async #quarantine(driverKey: string, suspect: { readonly isOverwritten: boolean }): Promise<unknown> {
    const text = await this.#driver.get(driverKey);
    if (text === null) return null;
    const json = this.#envelope.unwrap(driverKey, text);
    if (json !== undefined) return JSON.parse(json);
    const { change, error } = quarantine(this.#driver, this.#envelope, driverKey, text);
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
