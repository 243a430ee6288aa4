import { InstantNodeError } from '../../../errors.ts';
import type { StorageChange, StorageDriver, StorageOptions } from '../../contract.ts';
import { openOrWait } from '../lock/open-or-wait.ts';
import { joinKey } from '../record-key.ts';
import { claimWithin } from './claims.ts';
import { ItemDriver, type ItemStore } from './item-driver.ts';
import { isHashed, keyOf, segmentOf } from './key-segment.ts';
import { accessTo, type UnstorageAccess } from './unstorage-access.ts';
import type { UnstorageDriver, UnstorageStorage } from './unstorage-shape.ts';

/** The prefix of all our keys, so that a storage can be shared with a program's own items. */
const ROOT = 'instant';

/**
 * Stores records in any unstorage `Storage` or `Driver`, one item per record, under `instant:<scope>:<key>`. Records
 * are as safe as that storage: a record is on disk when the storage says so, and gone when it evicts items by age or
 * number.
 *
 * No unstorage driver can change several items atomically. A batch of one change is as atomic as the driver; a larger
 * one is put back when one of its changes fails, and if the process is killed within it, the changes already made stay.
 *
 * One database of this process has the scope at a time. Another process that opens the same data goes unnoticed, so
 * there must not be one: the storages `filesystem`, `sqlite` and `redis` do exclude each other's processes.
 *
 * `durable` says whether the data outlives the process. Without it the driver's name decides, and a driver that is not
 * known to be durable is reported.
 *
 * @throws {InstantNodeError} `storage-locked` when another database of this process has it, `storage` when the driver
 * is read-only.
 */
export function openUnstorageStorage(
  storage: UnstorageStorage | UnstorageDriver,
  options: StorageOptions,
  durable?: boolean,
): StorageDriver {
  const scope = joinKey(options.scope.appId, options.scope.instanceKey);
  const base = `${ROOT}:${segmentOf(scope)}:`;
  const access = accessOrRefuse(storage, base);
  const over = access.driverName === undefined ? '' : ` over driver "${access.driverName}"`;
  const about = {
    name: 'unstorage',
    durable: durable ?? access.isDurable,
    subject: `storage "unstorage"${over}`,
  };
  const driver = openOrWait(
    {
      ...about,
      open: () => {
        const release = claimWithin(storage, scope, about.subject);
        return new ItemDriver(new UnstorageItems(access, base, about.subject), about, release);
      },
    },
    options,
  );
  if (durable === undefined && !driver.durable) options.report(passing(about.subject));
  return driver;
}

function passing(subject: string): InstantNodeError {
  const message = `Storage${subject.slice('storage'.length)} is not known to outlive the process: pending writes are lost with it`;
  return new InstantNodeError('storage', message, {
    hint: 'Say durable: true when what it keeps is still there in the next process, or durable: false when that is not wanted',
  });
}

function accessOrRefuse(storage: UnstorageStorage | UnstorageDriver, base: string): UnstorageAccess {
  try {
    return accessTo(storage, base);
  } catch (cause) {
    throw new InstantNodeError('storage', 'Cannot open storage "unstorage": it cannot be written', {
      hint: 'Give storage a driver that keeps what it is given',
      cause,
    });
  }
}

class UnstorageItems implements ItemStore {
  readonly #access: UnstorageAccess;
  readonly #base: string;
  readonly #subject: string;
  #isProven = false;

  constructor(access: UnstorageAccess, base: string, subject: string) {
    this.#access = access;
    this.#base = base;
    this.#subject = subject;
  }

  async get(key: string): Promise<string | null> {
    const item = await this.#read(segmentOf(key));
    return item?.record ?? null;
  }

  steps(changes: readonly StorageChange[]): StorageChange[][] {
    return changes.map((change) => [change]);
  }

  async apply(step: readonly StorageChange[]): Promise<void> {
    for (const [key, record] of step) {
      const segment = segmentOf(key);
      if (record === null) await this.#access.remove(this.#base + segment);
      else await this.#set(segment, textOf(segment, key, record));
    }
  }

  async keys(): Promise<string[]> {
    const all = await this.#access.keys(this.#base);
    const segments = all
      // A driver may write `/` for `:`, and may return keys that it was not asked for.
      .map((key) => key.replace(/[/\\]/g, ':'))
      .filter((key) => key.startsWith(this.#base))
      .map((key) => key.slice(this.#base.length));
    const keys = await Promise.all(segments.map((segment) => this.#keyOf(segment)));
    return keys.filter((key) => key !== undefined);
  }

  async #keyOf(segment: string): Promise<string | undefined> {
    return isHashed(segment) ? (await this.#read(segment))?.key : keyOf(segment);
  }

  async #read(segment: string): Promise<{ key: string | undefined; record: string } | undefined> {
    const value = await this.#access.get(this.#base + segment);
    return value === null ? undefined : itemOf(segment, value);
  }

  async #set(segment: string, text: string): Promise<void> {
    await this.#access.set(this.#base + segment, text);
    if (this.#isProven) return;
    // A storage that is mounted read-only accepts writes and stores nothing.
    if ((await this.#access.get(this.#base + segment)) !== text) {
      throw new InstantNodeError(
        'storage',
        `Cannot write to ${this.#subject}: it does not give back what it was given`,
        { hint: 'Give storage a driver that may be written and keeps what it is given' },
      );
    }
    this.#isProven = true;
  }
}

// `Storage.getItem` parses texts that look like JSON, and a driver may trim white space: our items never look like JSON
// or end in white space.
function textOf(segment: string, key: string, record: string): string {
  return isHashed(segment) ? `=${key}=${record}=` : `=${record}=`;
}

/** A text that {@link textOf} did not write is passed on unchanged: the layer above finds it damaged. */
function itemOf(segment: string, value: unknown): { key: string | undefined; record: string } {
  const text = typeof value === 'string' ? value : String(JSON.stringify(value));
  const [, key, record] = (isHashed(segment) ? /^=([^=]*)=(.*)=$/s : /^=()(.*)=$/s).exec(text) ?? [];
  return record === undefined ? { key: undefined, record: text } : { key, record };
}
