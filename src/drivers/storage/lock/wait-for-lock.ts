import { clearTimeout, setTimeout } from 'node:timers';
import { InstantNodeError, isInstantNodeError } from '../../../errors.ts';
import type { StorageChange, StorageDriver, StorageOptions } from '../../contract.ts';

const POLL_MS = 200;

/** What waits for a lock needs to know of the driver it waits for. */
export interface WaitedFor extends Pick<StorageDriver, 'name' | 'durable'> {
  /** For messages: `storage "sqlite" at "/data/app.db"`. */
  readonly subject: string;
  /** Opens it, or throws code `storage-locked` while another has the scope. */
  open(): StorageDriver;
}

/**
 * Opens a driver whose scope only one may hold. With `whenLocked` `'wait'` and the scope taken, gives a driver at once
 * whose calls wait until the scope is free. With `hold` the waiting keeps the process running.
 */
export function openOrWait(driver: WaitedFor, options: StorageOptions): StorageDriver {
  try {
    return driver.open();
  } catch (error) {
    if (options.whenLocked === 'wait' && isInstantNodeError(error, 'storage-locked')) {
      return new WaitingStorage(driver, options);
    }
    throw error;
  }
}

class WaitingStorage implements StorageDriver {
  readonly name: string;
  readonly durable: boolean;
  readonly #driver: WaitedFor;
  readonly #options: StorageOptions;
  readonly #opened: Promise<StorageDriver>;
  #settle!: { resolve(driver: StorageDriver): void; reject(error: unknown): void };
  #timer: NodeJS.Timeout | undefined;
  #disposed = false;

  constructor(driver: WaitedFor, options: StorageOptions) {
    this.name = driver.name;
    this.durable = driver.durable;
    this.#driver = driver;
    this.#options = options;
    this.#opened = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Told to whoever calls, and nobody may.
    this.#opened.catch(() => {});
    this.#tryAgainLater();
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

  async scrub(): Promise<void> {
    await (await this.#whenOpen()).scrub?.();
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    clearTimeout(this.#timer);
    this.#settle.reject(this.#closed());
    const driver = await this.#opened.catch(() => undefined);
    await driver?.dispose();
  }

  // Calls go on in the order in which they came, as what waits for one promise does.
  async #whenOpen(): Promise<StorageDriver> {
    if (this.#disposed) throw this.#closed();
    return this.#opened;
  }

  #tryAgainLater(): void {
    this.#timer = setTimeout(() => this.#tryAgain(), POLL_MS);
    if (!this.#options.hold) this.#timer.unref();
  }

  #tryAgain(): void {
    try {
      this.#settle.resolve(this.#driver.open());
    } catch (error) {
      if (isInstantNodeError(error, 'storage-locked')) this.#tryAgainLater();
      else this.#settle.reject(error);
    }
  }

  #closed(): InstantNodeError {
    return new InstantNodeError('storage', `Cannot use ${this.#driver.subject}: it is closed`);
  }
}
