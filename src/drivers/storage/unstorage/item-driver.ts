import { InstantNodeError } from '../../../errors.ts';
import type { StorageChange, StorageDriver } from '../../contract.ts';
import { SilenceLimit } from '../silence-limit.ts';
import { ReadWriteLock } from './read-write-lock.ts';

/** What is known about a storage that is not our own. */
export interface ItemStoreFacts {
  readonly name: string;
  readonly durable: boolean;
  /** For messages: `storage "unstorage" over driver "fs"`. */
  readonly subject: string;
}

/** A storage that is not our own, and knows single items but no batches. */
export interface ItemStore {
  get(key: string): Promise<string | null>;
  /** Splits a batch into parts that the storage can apply in one call each. */
  steps(changes: readonly StorageChange[]): (readonly StorageChange[])[];
  /** Applies one of `steps`. */
  apply(step: readonly StorageChange[]): Promise<void>;
  keys(): Promise<string[]>;
}

/**
 * A driver over single items. Calls reject when the storage does not answer for 10 seconds; whatever it was doing then
 * is still waited for before anything else is done. A batch of one step is as atomic as the storage. A batch of several
 * steps is put back step by step when one of them fails; if the process is killed within it, the steps already applied
 * stay.
 */
export class ItemDriver implements StorageDriver {
  readonly name: string;
  readonly durable: boolean;
  readonly #items: ItemStore;
  readonly #subject: string;
  readonly #release: () => void;
  readonly #lock = new ReadWriteLock();
  readonly #limit: SilenceLimit;
  #disposed: Promise<void> | undefined;

  /** `release` releases the claim on the storage. The storage itself stays open: it is the user's. */
  constructor(items: ItemStore, { name, durable, subject }: ItemStoreFacts, release: () => void) {
    this.name = name;
    this.durable = durable;
    this.#items = items;
    this.#subject = subject;
    this.#release = release;
    this.#limit = new SilenceLimit(
      (seconds) =>
        new InstantNodeError(
          'storage',
          `Cannot use ${subject}: it has not answered for ${seconds} s, and is waited for`,
        ),
    );
  }

  async get(key: string): Promise<string | null> {
    this.#assertOpen();
    return this.#limit.of(this.#lock.read(() => this.#told('read from', () => this.#items.get(key))));
  }

  async write(changes: readonly StorageChange[]): Promise<void> {
    this.#assertOpen();
    const steps = this.#items.steps(changes.map(([key, record]) => [key, record] as const));
    let isGivenUp = false;
    const done = this.#lock.write(() => this.#told('write to', () => this.#applyAll(steps, () => isGivenUp)));
    return this.#limit.of(done, () => {
      isGivenUp = true;
    });
  }

  async keys(): Promise<string[]> {
    this.#assertOpen();
    return this.#limit.of(this.#lock.read(() => this.#told('read from', () => this.#items.keys())));
  }

  dispose(): Promise<void> {
    // A silent storage may still carry out what it was asked to: no one else may have it before.
    this.#disposed ??= this.#limit.untilSilent(this.#lock.idle().then(this.#release));
    return this.#disposed;
  }

  async #applyAll(steps: readonly (readonly StorageChange[])[], isGivenUp: () => boolean): Promise<void> {
    const before: StorageChange[][] = [];
    try {
      for (const step of steps) {
        if (isGivenUp()) throw new Error('The batch was given up');
        if (steps.length > 1) before.push(await this.#recordsOf(step));
        await this.#items.apply(step);
        this.#limit.heard();
      }
    } catch (cause) {
      await this.#putBack(before.reverse().flat(), cause);
      throw cause;
    }
  }

  #recordsOf(step: readonly StorageChange[]): Promise<StorageChange[]> {
    return Promise.all(step.map(async ([key]) => [key, await this.#items.get(key)] as const));
  }

  async #putBack(before: readonly StorageChange[], cause: unknown): Promise<void> {
    try {
      for (const step of this.#items.steps(before)) await this.#items.apply(step);
    } catch {
      throw new InstantNodeError(
        'storage',
        `Cannot write to ${this.#subject}: it failed within a batch, and again when the batch was put back`,
        { hint: 'The storage may hold a part of the batch', cause },
      );
    }
  }

  async #told<T>(does: string, work: () => Promise<T>): Promise<T> {
    try {
      const value = await work();
      this.#limit.heard();
      return value;
    } catch (cause) {
      if (cause instanceof InstantNodeError) throw cause;
      throw new InstantNodeError('storage', `Cannot ${does} ${this.#subject}: it failed`, { cause });
    }
  }

  #assertOpen(): void {
    if (this.#disposed) {
      throw new InstantNodeError('storage', `Cannot use ${this.#subject}: it is closed`);
    }
  }
}
