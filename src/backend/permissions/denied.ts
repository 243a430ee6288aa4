import { ServerError } from '../../protocol/error.ts';

/** What was expected and did not hold. */
export type Expected = 'perms-pass?' | 'has-storage-permission?' | 'has-streams-permission?';

/** The error for what a rule does not allow. */
export function permissionDenied(
  input: readonly [string, string],
  expected: Expected = 'perms-pass?',
): ServerError {
  return new ServerError('permission-denied', `Permission denied: not ${expected}`, { input, expected });
}
