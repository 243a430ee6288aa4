import { createHash } from 'node:crypto';
import { validationFailed } from '../../../protocol/error.ts';
import { isSameSecret } from '../../permissions/hash-text.ts';

/** The challenge a sign-in was started with, so that only its initiator can finish it. */
export interface CodeChallenge {
  readonly challenge: string | undefined;
  /** `plain` or `S256`; anything else is refused at the end of the sign-in. */
  readonly method: string | undefined;
}

/** @throws {ServerError} `validation-failed` when `verifier` does not answer the challenge. */
export function verifyPkce({ challenge, method }: CodeChallenge, verifier: string | undefined): void {
  const problem = pkceProblem(challenge, method, verifier);
  if (problem !== undefined) throw validationFailed('app-oauth-code', null, [{ message: problem }]);
}

function pkceProblem(
  challenge: string | undefined,
  method: string | undefined,
  verifier: string | undefined,
): string | undefined {
  if (challenge === undefined && verifier === undefined) return undefined;
  if (challenge === undefined) return 'The code_verifier was provided, but no code_challenge was provided.';
  if (verifier === undefined) return 'The code_challenge was provided, but no code_verifier was provided.';
  const answer = answerOf(method, verifier);
  if (answer === undefined) return 'Unknown code challenge method.';
  // Accepts the challenge with or without base64 padding.
  const matches = isSameSecret(answer, method === 'S256' ? challenge.replace(/=+$/, '') : challenge);
  return matches ? undefined : 'The code_challenge and code_verifier do not match.';
}

function answerOf(method: string | undefined, verifier: string): string | undefined {
  if (method === 'plain') return verifier;
  return method === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : undefined;
}
