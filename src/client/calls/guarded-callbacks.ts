import { callSafely } from '../timing/emitter.ts';
import { assertCallback } from './callback.ts';

/**
 * Users' callbacks, for core to call. In a browser an exception in a callback is reported and forgotten. On a server it
 * would escape into the socket's handler and interrupt core in the middle of its work.
 */
export class GuardedCallbacks {
  /** Whether callbacks are no longer called. */
  #isSilent = false;

  /** Wraps `callback` for core to call: it may throw, and is not called once the database is closed. */
  guard<Args extends unknown[]>(
    method: string,
    callback: (...values: Args) => void,
  ): (...values: Args) => void {
    assertCallback(method, callback);
    return (...values) => {
      if (!this.#isSilent) callSafely(callback, ...values);
    };
  }

  /** No callback is called from now on. */
  silence(): void {
    this.#isSilent = true;
  }
}
