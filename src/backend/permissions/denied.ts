import { ServerError } from '../../protocol/error.ts';

/** The expectation that did not hold. */
export type Expected = 'perms-pass?' | 'has-storage-permission?' | 'has-streams-permission?';

/** The error for an action that a rule denies. */
export function permissionDenied(
  input: readonly [string, string],
  expected: Expected = 'perms-pass?',
): ServerError {
  return new ServerError('permission-denied', `Permission denied: not ${expected}`, { input, expected });
}
