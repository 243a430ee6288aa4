import { InstantNodeError } from '../errors.ts';
import { isObject } from '../protocol/json.ts';

/** The error of a session that the server does not take, by what it said. */
export function sessionRefused(
  said: unknown,
  { appId, apiURI }: { appId: string; apiURI: string },
): InstantNodeError {
  const { message, hint } = Object(said) as { message?: unknown; hint?: unknown };
  const advice = isObject(hint) ? hint.message : undefined;
  return new InstantNodeError(
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
}
