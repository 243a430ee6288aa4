import { evaluate } from '../engine/evaluate.ts';
import type { Stores } from '../engine/store.ts';
import type { Answer } from './live-answers.ts';

/** What the server has sent for a query. */
export interface Result extends Stores {
  pageInfo?: object | null | undefined;
  aggregate?: object | null | undefined;
  /** The last transaction that is in it. */
  processedTxId?: number | undefined;
}

/** Of which answers and pending writes an answer was made. */
export interface Versions {
  querySubVersion: number;
  pendingMutationsVersion: number;
}

/** What an answer is made of. */
export interface Evaluation {
  /** Why no query is answered, while that is so. */
  refusal: unknown;
  q: object | undefined;
  /** Undefined, too, before the pending writes were read. */
  result: Result | null | undefined;
  versions: Versions;
  /** The answer that was made last. */
  last: (Answer & Partial<Versions>) | undefined;
  /** A result with pending writes on top. */
  withPending(result: Result): Stores;
}

/** The answer of a query as it is now: the last one, if nothing has changed since. */
export function evaluatedAnswer(evaluation: Evaluation): (Answer & Partial<Versions>) | undefined {
  const { refusal, q, result, versions, last, withPending } = evaluation;
  if (refusal) return { error: refusal } as Answer;
  if (!result) return undefined;
  const isCurrent =
    last?.querySubVersion === versions.querySubVersion &&
    last.pendingMutationsVersion === versions.pendingMutationsVersion;
  if (isCurrent) return last;
  return { data: evaluate(q as object, { ...result, ...withPending(result) }), ...versions };
}
