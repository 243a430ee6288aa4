import { withoutAnswer } from '../refusals/no-answer.ts';
import { asRefusal } from '../refusals/server-refusal.ts';
import type { FailedCall } from './closed-calls.ts';

/** Fields of a sign-in that are secrets while they are valid: for one use, or a few minutes. */
const GIVEN = ['code', 'codeVerifier', 'idToken', 'nonce'] as const;

/** A URL, with its origin captured. The rest of an upload's URL is a secret: knowing it is enough to upload. */
const PATHS = /(https?:\/\/[^\s/?#"'()<>]+)[/?#][^\s"'()<>]*/g;

/** What knows a database's secrets and where its server is. */
export interface Discreet {
  readonly place: { readonly apiURI: string };
  readonly reports: { withoutSecrets<T>(value: T, more?: readonly unknown[]): T };
}

/**
 * Removes what a call was given from the error it failed with: servers repeat that, and so do runtimes. In the HTTP API
 * a refusal is marked as one, and an error without an answer says which server gave none.
 */
export function discreet({ place, reports }: Discreet): (error: unknown, call: FailedCall) => unknown {
  return (error, { name, publicName, isHttp, args }) => {
    const [first] = args;
    const given =
      typeof first === 'object' && first !== null ? GIVEN.map((field) => Reflect.get(first, field)) : [];
    const token = name === 'signInWithCustomToken' ? [first] : [];
    const addresses = name === 'upload' ? pathsIn(error) : [];
    const shown = reports.withoutSecrets(error, [...given, ...token, ...addresses]);
    return isHttp ? withoutAnswer(asRefusal(shown), publicName, place.apiURI) : shown;
  };
}

/** What follows the origin in each URL of an error. */
function pathsIn(error: unknown, seen: Set<unknown> = new Set()): string[] {
  if (!(error instanceof Error) || seen.has(error)) return [];
  seen.add(error);
  const texts = Object.getOwnPropertyNames(error)
    .map((name) => Reflect.get(error, name) as unknown)
    .filter((text) => typeof text === 'string');
  const paths = texts.flatMap((text) =>
    [...text.matchAll(PATHS)].map(([url, origin = '']) => url.slice(origin.length)),
  );
  return [...paths, ...pathsIn(error.cause, seen)];
}
