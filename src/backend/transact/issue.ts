import { ServerError, validationFailed } from '../../protocol/error.ts';
import type { JsonValue } from '../../protocol/json.ts';

/** Where in the list of steps something is wrong. */
export type Path = (string | number)[];

/** How to refuse a list of steps: the check that failed, and where. */
export type Reject = (expected: JsonValue, path: Path) => ServerError;

/** A {@link Reject} whose errors show `steps`. */
export function rejectSteps(steps: unknown): Reject {
  return (expected, path) => validationFailed('tx-steps', steps, [{ expected, in: path }]);
}

/** An error that the server's database raises. */
export function raised(message: string): ServerError {
  return new ServerError('sql-raise', `Raised Exception: ${message}`, { condition: 'raise-exception' });
}

/** The error for an attribute that is not there. */
export function noSuchAttr(id: string): ServerError {
  return raised(`We could not find an attribute with id = '${id}'`);
}
