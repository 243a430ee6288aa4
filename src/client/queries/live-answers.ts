import { InstantError } from '@instantdb/core';
import { InstantNodeError } from '../../errors.ts';
import { sameValue } from '../values/same-value.ts';

/** What `subscribeQuery` gives when there is no answer. */
interface QueryError {
  message: string;
  hint?: unknown;
}

interface Waiting {
  q: object;
  dfd: { resolve(answer: unknown): void; reject(reason: unknown): void };
}

/** What core's reactor knows of live queries, by their hashes. */
export interface QueryHost {
  queryCbs: Record<string, { q: object; cb(answer: object): void }[]>;
  queryOnceDfds: Record<string, Waiting[]>;
  /** The answers that subscribers were given last. */
  _dataForQueryCache: Record<string, { data?: object }>;
  dataForQuery(hash: string): { data?: object } | undefined;
  _hasQueryListeners(hash: string): boolean;
  notifyQueryError(hash: string, error: QueryError): void;
  _completeQueryOnce(q: object, hash: string, dfd: Waiting['dfd']): void;
  report(error: InstantNodeError): void;
}

/**
 * Tells those who wait for queries. Each query is on its own: one that cannot be evaluated over what it was sent tells its
 * own subscribers so, once, and is evaluated again with the next change; all others go on.
 *
 * Core lets what one query throws end the process, and compares answers by calling methods of the users' data.
 */
export class LiveAnswers {
  readonly #host: QueryHost;
  /** What is wrong with queries that had no answer when they were last asked for it. */
  readonly #failed: Map<string, QueryError> = new Map();
  /** Queries of which the server has said that it has answered them, whose answers have not been taken yet. */
  readonly #owed: Set<string> = new Set();

  constructor(host: QueryHost) {
    this.#host = host;
  }

  /** Tells the subscribers of a query its answer, when that is another than before. */
  tell(hash: string): void {
    const host = this.#host;
    const before = host._dataForQueryCache[hash]?.data;
    const answer = this.#answer(hash);
    if (this.#owed.has(hash)) this.#endOnce(hash, answer?.data);
    if (!answer?.data || !host._hasQueryListeners(hash)) return;
    host._dataForQueryCache[hash] = answer;
    if (sameValue(answer.data, before)) return;
    for (const { cb } of [...(host.queryCbs[hash] ?? [])]) cb(answer.data);
  }

  /** Gives what is there to those who have asked for the answer once. */
  tellOnce(hash: string): void {
    const answer = this.#answer(hash);
    this.#endOnce(hash, answer?.data);
  }

  /** The answer that is there already. */
  present(hash: string): object | undefined {
    return this.#answer(hash)?.data;
  }

  /** Why there is no answer, while that is so. */
  failureOf(hash: string): QueryError | undefined {
    return this.#failed.get(hash);
  }

  /** Has a query fail whose answer could not be taken at all, as was reported. */
  fail(hash: string): void {
    this.#fail(hash, this.#errorOf(hash));
    this.#endOnce(hash, undefined);
  }

  /** Queries for which somebody waits, with subscribers or without. */
  awaited(): string[] {
    return [...new Set([...Object.keys(this.#host.queryCbs), ...this.#owed])];
  }

  /** To be called when answers of another user are to come. */
  forgetAll(): void {
    this.#failed.clear();
    this.#owed.clear();
  }

  /** To be called when nobody asks for a query any more. */
  forget(hash: string): void {
    this.#failed.delete(hash);
    this.#owed.delete(hash);
  }

  #answer(hash: string): { data?: object } | undefined {
    try {
      const answer = this.#host.dataForQuery(hash);
      if (answer?.data) this.#failed.delete(hash);
      return answer;
    } catch (cause) {
      const error = this.#errorOf(hash, cause);
      if (!this.#failed.has(hash)) this.#host.report(error);
      this.#fail(hash, error);
      return undefined;
    }
  }

  #fail(hash: string, { message, hint }: InstantNodeError): void {
    if (this.#failed.has(hash)) return;
    this.#failed.set(hash, { message, hint });
    this.#host.notifyQueryError(hash, { message, hint });
  }

  #endOnce(hash: string, data: object | undefined): void {
    const failure = this.#failed.get(hash);
    if (!failure && !data) {
      this.#owed.add(hash);
      return;
    }
    this.#owed.delete(hash);
    for (const { q, dfd } of this.#host.queryOnceDfds[hash] ?? []) {
      if (failure) dfd.reject(new InstantError(failure.message, failure.hint));
      else dfd.resolve(data);
      this.#host._completeQueryOnce(q, hash, dfd);
    }
  }

  #errorOf(hash: string, cause?: unknown): InstantNodeError {
    return new InstantNodeError('query-failed', `Cannot answer the query of ${this.#subjectOf(hash)}`, {
      hint: 'What the server sent for it cannot be evaluated here; it is tried again with each change',
      cause,
    });
  }

  #subjectOf(hash: string): string {
    const { queryCbs, queryOnceDfds } = this.#host;
    const q = queryCbs[hash]?.[0]?.q ?? queryOnceDfds[hash]?.[0]?.q ?? {};
    return Object.keys(q)
      .filter((key) => key !== '$$ruleParams')
      .map((key) => JSON.stringify(key))
      .join(', ');
  }
}
