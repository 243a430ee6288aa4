import { ServerError, validationFailed } from '../../protocol/error.ts';
import type { JsonValue } from '../../protocol/json.ts';

/** A path in the list of steps. */
export type Path = (string | number)[];

/** Creates the error for a list of steps, given the check that failed, and where. */
export type Reject = (expected: JsonValue, path: Path) => ServerError;

/** A {@link Reject} whose errors contain `steps`. */
export function rejectSteps(steps: unknown): Reject {
  return (expected, path) => validationFailed('tx-steps', steps, [{ expected, in: path }]);
}

/** An error raised by the server's database. */
export function raised(message: string): ServerError {
  return new ServerError('sql-raise', `Raised Exception: ${message}`, { condition: 'raise-exception' });
}

/** The error for an attribute that does not exist. */
export function noSuchAttr(id: string): ServerError {
  return raised(`We could not find an attribute with id = '${id}'`);
}
