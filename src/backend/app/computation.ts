import { createHash } from 'node:crypto';
import type { Computation } from '../../protocol/down.ts';
import type { JsonValue } from '../../protocol/json.ts';

/** The hash by which clients tell queries apart: equal keys have equal hashes. */
export function queryHash(key: string): string {
  return createHash('sha1').update(key).digest('hex');
}

/** Encodes one computation of a `refresh-ok`, around a result that is already JSON text. */
export function encodeComputation(
  hash: string,
  q: JsonValue,
  answer: { readonly result: string; readonly meta: string; readonly ms: number },
): string {
  const rest: Omit<Computation, 'instaql-result' | 'result-meta'> = {
    'instaql-query': q,
    'instaql-query-hash': hash,
    'result-changed?': true,
    'duration-ms': Math.round(answer.ms),
  };
  return `{"instaql-result":${answer.result},"result-meta":${answer.meta},${JSON.stringify(rest).slice(1)}`;
}
