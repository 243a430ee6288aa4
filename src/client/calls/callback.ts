/** A function of the user's. */
export type Callback = (...values: never[]) => void;

/**
 * Where core lets it be anything, it fails when there is something to tell: outside the call, and with the process.
 *
 * @throws {TypeError} when it is no function, naming the method that it was given to.
 */
export function assertCallback(method: string, callback: unknown): void {
  if (typeof callback === 'function') return;
  const kind =
    callback === null ? 'null' : Array.isArray(callback) ? 'an array' : `of type ${typeof callback}`;
  throw new TypeError(`Cannot call ${method}(): its callback is ${kind}, expected a function`);
}
