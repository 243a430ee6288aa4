import { withoutAnswer } from '../refusals/no-answer.ts';
import { asRefusal } from '../refusals/server-refusal.ts';
import type { FailedCall } from './closed-calls.ts';

/** The fields of a sign-in that are secrets as long as they are good: once, or a few minutes. */
const GIVEN = ['code', 'codeVerifier', 'idToken', 'nonce'] as const;

/** An address from its path on: that of an upload is as good as the right to it. */
const PATHS = /(https?:\/\/[^\s/?#"'()<>]+)[/?#][^\s"'()<>]*/g;

/** Who knows the secrets of a database, and where its server is. */
export interface Discreet {
  readonly place: { readonly apiURI: string };
  readonly reports: { withoutSecrets<T>(value: T, more?: readonly unknown[]): T };
}

/**
 * What a call of the HTTP API fails with, without what it was given: a server repeats that, and so do runtimes. A refusal
 * of the server is known as one, and where there was no answer it says of whom.
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

/** What comes behind the host in each address of an error. */
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
