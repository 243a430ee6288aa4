import { evaluate } from '../engine/evaluate.ts';
import type { Stores } from '../engine/store.ts';
import type { Answer } from './live-answers.ts';

/** What the server has sent for a query. */
export interface Result extends Stores {
  pageInfo?: object | null | undefined;
  aggregate?: object | null | undefined;
  /** The last transaction that it includes. */
  processedTxId?: number | undefined;
}

/** The versions of the server's answers and the pending writes that an answer was made from. */
export interface Versions {
  querySubVersion: number;
  pendingMutationsVersion: number;
}

/** What an answer is made from. */
export interface Evaluation {
  /** Why no query can be answered; falsy while they can. */
  refusal: unknown;
  q: object | undefined;
  /** Also undefined until the pending writes have been read. */
  result: Result | null | undefined;
  versions: Versions;
  /** The previous answer. */
  last: (Answer & Partial<Versions>) | undefined;
  /** Applies the pending writes on top of a result. */
  withPending(result: Result): Stores;
}

/** The current answer of a query: the previous one, if nothing has changed since. */
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
