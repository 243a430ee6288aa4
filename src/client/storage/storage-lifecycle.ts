import { clearTimeout, setTimeout } from 'node:timers';
import { backoffMs } from '../../backoff.ts';
import type { StorageDriver } from '../../drivers/contract.ts';
import { InstantNodeError } from '../../errors.ts';
import { type Deferred, deferred } from '../timing/deferred.ts';
import type { EnvelopeStorage } from './envelope-storage.ts';
import { isFinal } from './opening-refusal.ts';
import { closedStoreError } from './record-store.ts';

const RETRY_MS = { first: 100, most: 5_000 } as const;

/** Where a storage is between being opened and disposed of. */
type State =
  | { is: 'opening'; storage: Promise<EnvelopeStorage>; failures: number }
  /** It failed for a reason that may pass; the next call tries again, or the timer. */
  | { is: 'waiting'; retry: NodeJS.Timeout; failures: number }
  | { is: 'open'; storage: Promise<EnvelopeStorage> }
  /** Rejected for good, as every call is from then on. */
  | { is: 'refused'; storage: Promise<EnvelopeStorage> }
  | { is: 'disposed'; disposal: Promise<void> };

/**
 * Opens a storage, again and again while that fails for a reason that may pass, and releases it. A failure is reported
 * once; calls that waited for it reject, and later ones wait for the next try.
 */
export class StorageLifecycle {
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
    this.#driver = driver;
    this.#open = open;
    this.#report = report;
    this.#opened.promise.catch(() => {});
    this.#state = this.#opening(0);
  }

  /** Resolves once it is open; rejects for what another try would not change. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** The driver has lost its content. */
  emptied(): void {
    // A storage that is being opened has acknowledged nothing yet.
    if (this.#state.is === 'open') void this.#state.storage.then((storage) => storage.emptied());
  }

  /** Releases the driver. Later calls reject. Can be called again. */
  dispose(): Promise<void> {
    if (this.#state.is === 'disposed') return this.#state.disposal;
    const disposal = this.#dispose(this.#state);
    this.#state = { is: 'disposed', disposal };
    return disposal;
  }

  async #dispose(state: State): Promise<void> {
    if (state.is === 'waiting') clearTimeout(state.retry);
    this.#opened.reject(closedStoreError(this.#driver.name));
    // Earlier calls come first. A driver that is not open may be waiting for another process, without end.
    if (state.is === 'open') await state.storage;
    await this.#driver.dispose();
  }

  /** The open storage. Tries again if that has failed; rejects when this try fails. */
  storage(): Promise<EnvelopeStorage> {
    const state = this.#state;
    if (state.is === 'disposed') return Promise.reject(closedStoreError(this.#driver.name));
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
    const retry = setTimeout(() => void this.storage().catch(() => {}), backoffMs(failures, RETRY_MS));
    retry.unref();
    this.#state = { is: 'waiting', retry, failures: failures + 1 };
    if (failures > 0) return;
    const message = `Cannot open storage "${this.#driver.name}" yet: it is tried again`;
    this.#report(new InstantNodeError('storage', message, { cause }));
  }
}
