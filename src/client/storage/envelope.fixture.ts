import type { StorageChange, StorageDriver, StorageScope } from '../../drivers/contract.ts';
import { InstantNodeError } from '../../errors.ts';
import { type EnvelopeOptions, envelopeRecordStore } from './envelope-record-store.ts';
import { parseEncryptionKey } from './keyring-input.ts';
import type { RecordStore } from './record-store.ts';

/** What the records of a driver's next process find, and everything that was ever there. */
export class FakeDisk {
  readonly records: Map<string, string> = new Map();
  readonly everHeld: string[] = [];
  /** How often what was forgotten was to be removed for good. */
  scrubs = 0;

  /** The keys that are not the header's. */
  get recordKeys(): string[] {
    return [...this.records.keys()].filter((key) => !key.startsWith('meta:')).sort();
  }

  /** The key that ends like this, of which there is one. */
  keyLike(ending: string): string {
    const found = [...this.records.keys()].filter((key) => key.endsWith(ending));
    if (found.length !== 1) throw new Error(`Expected one key that ends with "${ending}", found ${found}`);
    return found[0] as string;
  }

  /** The text under the key that ends like this. */
  textLike(ending: string): string {
    return this.records.get(this.keyLike(ending)) as string;
  }

  copy(): FakeDisk {
    const copy = new FakeDisk();
    for (const [key, text] of this.records) copy.records.set(key, text);
    return copy;
  }
}

/** A storage driver over a {@link FakeDisk}, which fails when told to. */
export class FakeDriver implements StorageDriver {
  readonly name = 'fake';
  readonly durable = true;
  readonly disk: FakeDisk;
  writes = 0;
  /** Called before each read; what it throws is what the read rejects with. */
  onGet: (key: string) => Promise<void> | void = () => {};
  /** Called before each batch. */
  onWrite: (changes: readonly StorageChange[]) => void = () => {};
  /** Called before what was forgotten is removed for good. */
  onScrub: () => void = () => {};
  /** After so many more changes nothing is kept any more, in the middle of a batch too, as in a driver that is not atomic. */
  changesLeft: number = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(disk: FakeDisk = new FakeDisk()) {
    this.disk = disk;
  }

  async get(key: string): Promise<string | null> {
    this.#assertOpen();
    const text = this.disk.records.get(key) ?? null;
    await this.onGet(key);
    return text;
  }

  async write(changes: readonly StorageChange[]): Promise<void> {
    this.#assertOpen();
    this.onWrite(changes);
    this.writes++;
    for (const [key, text] of changes) {
      if (this.changesLeft-- <= 0)
        throw new InstantNodeError('storage', 'Cannot write: the process has ended');
      if (text === null) this.disk.records.delete(key);
      else {
        this.disk.records.set(key, text);
        this.disk.everHeld.push(key, text);
      }
    }
  }

  async keys(): Promise<string[]> {
    this.#assertOpen();
    return [...this.disk.records.keys()];
  }

  async scrub(): Promise<void> {
    this.#assertOpen();
    this.onScrub();
    this.disk.scrubs++;
    this.disk.everHeld.length = 0;
    for (const [key, text] of this.disk.records) this.disk.everHeld.push(key, text);
  }

  async dispose(): Promise<void> {
    this.#isClosed = true;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new InstantNodeError('storage', 'Cannot use storage "fake": it is closed');
  }
}

export const scope: StorageScope = { appId: '11111111-1111-4111-8111-111111111111', instanceKey: 'one' };

/** Records over a fake driver, and what they reported. */
export interface Opened {
  readonly records: RecordStore;
  readonly driver: FakeDriver;
  readonly reports: InstantNodeError[];
}

/** Opens what is on a disk, as a process would. */
export function open(
  disk: FakeDisk | FakeDriver,
  { encryptionKey, scope: of = scope }: { encryptionKey?: unknown; scope?: StorageScope } = {},
): Opened {
  const driver = disk instanceof FakeDriver ? disk : new FakeDriver(disk);
  const reports: InstantNodeError[] = [];
  const options: EnvelopeOptions = {
    keyring: encryptionKey === undefined ? undefined : parseEncryptionKey(encryptionKey),
    report: (error) => reports.push(error),
  };
  return { records: envelopeRecordStore(driver, of, options), driver, reports };
}
