/** A user's function. */
export type Callback = (...values: never[]) => void;

/**
 * Core accepts anything as a callback and fails when it calls it: outside the user's call, taking the process down.
 *
 * @throws {TypeError} when it is not a function, naming the method that it was passed to.
 */
export function assertCallback(method: string, callback: unknown): void {
  if (typeof callback === 'function') return;
  const kind =
    callback === null ? 'null' : Array.isArray(callback) ? 'an array' : `of type ${typeof callback}`;
  throw new TypeError(`Cannot call ${method}(): its callback is ${kind}, expected a function`);
}
