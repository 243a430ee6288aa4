import { clearTimeout, setTimeout } from 'node:timers';
import { InstantNodeError, isInstantNodeError } from '../../../errors.ts';
import type { StorageChange, StorageDriver, StorageEntry, StorageOptions } from '../../contract.ts';
import { entriesOf } from '../record-entries.ts';

const POLL_MS = 200;
/** A momentary obstacle is polled more often, and not forever. */
const BUSY_POLL_MS = 20;

/** Thrown when a driver could not be opened right now, but may be in a moment. */
export class NotJustNow extends Error {
  /** The error to report if that takes too long. */
  readonly failure: InstantNodeError;
  /** How long is too long, in ms. */
  readonly patience: number;

  constructor(failure: InstantNodeError, patience: number) {
    super('It cannot be opened just now');
    this.failure = failure;
    this.patience = patience;
  }
}

/** What has to be known about the driver that is waited for. */
export interface WaitedFor extends Pick<StorageDriver, 'name' | 'durable'> {
  /** For messages: `storage "sqlite" at "/data/app.db"`. */
  readonly subject: string;
  /** Opens it. Throws code `storage-locked` while the scope is taken, or {@link NotJustNow}. */
  open(): StorageDriver;
}

/**
 * Opens a driver whose scope has one holder at a time. If the scope is taken and `whenLocked` is `'wait'`, it returns a
 * driver at once whose calls wait until the scope is free; with `hold`, waiting keeps the process running. A driver
 * that cannot be opened right now is waited for in the same way, which keeps the process running until it succeeds or
 * fails.
 */
export function openOrWait(driver: WaitedFor, options: StorageOptions): StorageDriver {
  try {
    return driver.open();
  } catch (error) {
    if (!mayBeWaitedFor(error, options)) throw error;
    return new WaitingStorage(driver, options, error);
  }
}

function mayBeWaitedFor(error: unknown, { whenLocked }: StorageOptions): boolean {
  if (error instanceof NotJustNow) return true;
  return whenLocked === 'wait' && isInstantNodeError(error, 'storage-locked');
}

class WaitingStorage implements StorageDriver {
  readonly name: string;
  readonly durable: boolean;
  readonly #driver: WaitedFor;
  readonly #options: StorageOptions;
  readonly #opened: Promise<StorageDriver>;
  #settle!: { resolve(driver: StorageDriver): void; reject(error: unknown): void };
  #timer: NodeJS.Timeout | undefined;
  #busySince: number | undefined;
  #disposed = false;

  constructor(driver: WaitedFor, options: StorageOptions, why: unknown) {
    this.name = driver.name;
    this.durable = driver.durable;
    this.#driver = driver;
    this.#options = options;
    this.#opened = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Callers get the rejection, but there may be none.
    this.#opened.catch(() => {});
    this.#waitOrFail(why);
  }

  async get(key: string): Promise<string | null> {
    return (await this.#whenOpen()).get(key);
  }

  async write(changes: readonly StorageChange[]): Promise<void> {
    const copy = changes.map(([key, record]) => [key, record] as const);
    return (await this.#whenOpen()).write(copy);
  }

  async keys(): Promise<string[]> {
    return (await this.#whenOpen()).keys();
  }

  async *entries(prefix: string): AsyncGenerator<readonly StorageEntry[]> {
    yield* entriesOf(await this.#whenOpen(), prefix);
  }

  async scrub(): Promise<void> {
    await (await this.#whenOpen()).scrub?.();
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    // A momentary wait is not abandoned, nor are the calls already made.
    if (this.#busySince === undefined) this.#giveUp();
    const driver = await this.#opened.catch(() => undefined);
    if (driver) await new Promise((resolve) => setImmediate(resolve));
    await driver?.dispose();
  }

  // Calls proceed in the order in which they were made, because they all await the same promise.
  async #whenOpen(): Promise<StorageDriver> {
    if (this.#disposed) throw this.#closed();
    return this.#opened;
  }

  #waitOrFail(why: unknown): void {
    if (why instanceof NotJustNow) this.#waitAWhile(why);
    else if (mayBeWaitedFor(why, this.#options)) this.#waitForLock();
    else this.#settle.reject(why);
  }

  #waitForLock(): void {
    this.#busySince = undefined;
    if (this.#disposed) {
      this.#giveUp();
      return;
    }
    this.#tryAgainIn(POLL_MS);
    if (!this.#options.hold) this.#timer?.unref();
  }

  #waitAWhile({ patience, failure }: NotJustNow): void {
    this.#busySince ??= performance.now();
    if (performance.now() - this.#busySince > patience) this.#settle.reject(failure);
    else this.#tryAgainIn(BUSY_POLL_MS);
  }

  #giveUp(): void {
    clearTimeout(this.#timer);
    this.#settle.reject(this.#closed());
  }

  #tryAgainIn(ms: number): void {
    this.#timer = setTimeout(() => this.#tryAgain(), ms);
  }

  #tryAgain(): void {
    try {
      this.#settle.resolve(this.#driver.open());
    } catch (error) {
      this.#waitOrFail(error);
    }
  }

  #closed(): InstantNodeError {
    return new InstantNodeError('storage', `Cannot use ${this.#driver.subject}: it is closed`);
  }
}
