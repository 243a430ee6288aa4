import { InstantNodeError } from '../../errors.ts';
import { isObject } from '../../protocol/json.ts';
import { type Refusal, refusedAs, refusedBy } from './server-refusal.ts';

/** What core keeps of a session's refusal, its message, completed with what else the server said. */
export function sessionError(words: object, refusal: Refusal): object {
  return refusedBy({ ...words, code: 'connection-failed' }, refusal);
}

/** The error of a session that the server refuses, from what it said. */
export function sessionRefused(
  said: unknown,
  { appId, apiURI }: { appId: string; apiURI: string },
): InstantNodeError {
  const refusal = Object(said) as Refusal;
  const { message, hint } = refusal;
  const advice = isObject(hint) ? hint.message : undefined;
  const error = new InstantNodeError(
    'connection-failed',
    `The server refused the session: ${message === undefined ? 'it gave no reason' : String(message)}`,
    {
      hint:
        typeof advice === 'string'
          ? advice
          : `Check whether the server at "${apiURI}" is the one that has app "${appId}"`,
      cause: said,
    },
  );
  return refusedBy(error, refusal);
}

/** One of our errors, in the form in which core gives a server's errors to subscribers of a query. */
export function asQueryError(error: InstantNodeError): Refusal & { code: string } {
  const { message, hint, code } = error;
  return refusedAs({ message, hint, code }, error);
}
