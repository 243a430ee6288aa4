import { callSafely } from '../timing/emitter.ts';
import { assertCallback } from './callback.ts';

/**
 * Functions of users, for core to call. In a browser an exception in a callback is reported and forgotten. In a socket's
 * handler on a server it would cut off core in the middle of its work.
 */
export class GuardedCallbacks {
  /** Whether the last that there was to tell has been told. */
  #isSilent = false;

  /** `callback` for core to call: it may throw, and hears nothing of a database that was closed. */
  guard<Args extends unknown[]>(
    method: string,
    callback: (...values: Args) => void,
  ): (...values: Args) => void {
    assertCallback(method, callback);
    return (...values) => {
      if (!this.#isSilent) callSafely(callback, ...values);
    };
  }

  /** From now on nothing is told. */
  silence(): void {
    this.#isSilent = true;
  }
}
