import type { Reactor } from '@instantdb/core';
import { InstantNodeError, withOutcome } from '../../errors.ts';
import { refuseUnknownOptions } from './call-options.ts';
import { refuseAsyncCalls, refuseCalls, trackCalls } from './closed-calls.ts';
import { type Discreet, discreet } from './discreet-calls.ts';

/**
 * Guards the calls of core's methods: checks their options, cleans their errors, and refuses them once the database has
 * failed or is closed.
 */
export class GuardedCalls {
  readonly #reactor: Reactor;
  readonly #rejectWaiting: (refusal: (method: string) => Error) => void;

  constructor(reactor: Reactor, database: object, secrets: Discreet) {
    this.#reactor = reactor;
    refuseUnknownOptions(reactor, database);
    this.#rejectWaiting = trackCalls(reactor, discreet(secrets));
  }

  /** The storage was lost: waiting calls reject with this error, and so do later ones. */
  fail(error: InstantNodeError): void {
    refuseAsyncCalls(this.#reactor, (method) =>
      method === 'transact' ? withOutcome(error, 'not-applied') : error,
    );
    this.#rejectWaiting(() => error);
  }

  /** The database is closed: waiting calls reject with code `closed`, and later ones reject or throw. */
  close(): void {
    refuseCalls(this.#reactor, closedError);
    this.#rejectWaiting(closedError);
  }
}

/** Why a method of a closed database cannot be called. */
export function closedError(method: string): InstantNodeError {
  return new InstantNodeError('closed', `Cannot call ${method}(): the database is closed`, {
    hint: 'Call init() again for a new one',
    ...(method === 'transact' && { outcome: 'not-applied' }),
  });
}
