import { InstantError } from '@instantdb/core';
import { InstantNodeError } from '../../errors.ts';
import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import { sameValue } from '../values/same-value.ts';
import { tellAnswer, tellFailure } from './told-queries.ts';

/** What `subscribeQuery` gives when there is no answer. */
interface QueryError {
  message: string;
  hint?: unknown;
}

/** A call of `queryOnce` that waits for its answer. */
interface Waiting {
  q: object;
  dfd: { resolve(answer: unknown): void; reject(reason: unknown): void };
}

/** The answer of a query, as subscribers get it; without data when there is none. */
export interface Answer {
  data?: object;
}

/** What {@link LiveAnswers} needs to know and to do; queries go by their hashes. */
export interface QueriesHost {
  readonly diagnostics: Diagnostics;
  /** The hashes of queries with subscribers. */
  subscribed(): string[];
  subscribers(hash: string): readonly { q: object; cb(answer: object): void }[];
  /** The one-time calls that wait. */
  askers(hash: string): readonly Waiting[];
  /** The answer that subscribers last got. */
  told(hash: string): Answer | undefined;
  noteTold(hash: string, answer: Answer): void;
  /** The current answer. */
  evaluate(hash: string): Answer | undefined;
  /** Resolves once the stored answer of a query has been read. */
  loaded(hash: string): Promise<unknown>;
  isAwaited(hash: string): boolean;
  tellError(hash: string, error: QueryError): void;
  /** Forgets a one-time call. */
  complete(q: object, hash: string, dfd: Waiting['dfd']): void;
  report(error: InstantNodeError): void;
}

/**
 * Notifies subscribers and one-time calls. Queries fail separately: one that cannot be evaluated over what the server
 * sent reports that to its own subscribers, once, and is evaluated again at the next change; all others go on.
 *
 * In core an exception in one query ends the process, and answers are compared by calling methods of the users' data.
 */
export class LiveAnswers {
  readonly #host: QueriesHost;
  /** Why queries without an answer failed, when they were last evaluated. */
  readonly #failed: Map<string, QueryError> = new Map();
  /** Queries that the server says it has answered, but whose answers are not there yet. */
  readonly #owed: Set<string> = new Set();

  constructor(host: QueriesHost) {
    this.#host = host;
  }

  /** How many queries have subscribers, and how many callbacks those are. */
  count(): { queries: number; subscriptions: number } {
    const hashes = this.#host.subscribed();
    const subscriptions = hashes.reduce((sum, hash) => sum + this.#host.subscribers(hash).length, 0);
    return { queries: hashes.length, subscriptions };
  }

  /** Gives a query's subscribers its answer when it differs from the last one. */
  tell(hash: string): void {
    const host = this.#host;
    if (!host.isAwaited(hash)) return;
    const before = host.told(hash)?.data;
    const answer = this.#answer(hash);
    if (this.#owed.has(hash)) this.#endOnce(hash, answer?.data);
    if (!answer?.data || !host.isAwaited(hash)) return;
    host.noteTold(hash, answer);
    if (sameValue(answer.data, before)) return;
    const subscribers = [...host.subscribers(hash)];
    tellAnswer(host.diagnostics, hash, subscribers, answer.data);
    for (const { cb } of subscribers) cb(answer.data);
  }

  /** Gives the current answer to the one-time calls. */
  tellOnce(hash: string): void {
    // The server also answers queries that were left meanwhile: nothing is remembered of one.
    if (this.#host.isAwaited(hash)) this.#endOnce(hash, this.#answer(hash)?.data);
  }

  /** Tells a query's subscribers, the way core does, why there is no answer. */
  tellError<Told extends object>(
    hash: string,
    error: Told,
    coreTells: (hash: string, error: Told) => void,
  ): void {
    tellFailure(this.#host.diagnostics, hash, this.#host.subscribers(hash), error);
    coreTells(hash, error);
  }

  /** The answer that is already there. */
  present(hash: string): object | undefined {
    return this.#answer(hash)?.data;
  }

  /** Why there is no answer; undefined unless the query failed. */
  failureOf(hash: string): QueryError | undefined {
    return this.#failed.get(hash);
  }

  /** Fails a query whose answer could not be used at all, which has been reported. */
  fail(hash: string): void {
    if (!this.#host.isAwaited(hash)) return;
    this.#fail(hash, this.#errorOf(hash));
    this.#endOnce(hash, undefined);
  }

  /** Notifies the subscribers of all queries, each once its stored answer has been read. */
  tellAll(): void {
    for (const hash of new Set([...this.#host.subscribed(), ...this.#owed])) {
      const tell = (): void => this.tell(hash);
      this.#host.loaded(hash).then(tell, tell);
    }
  }

  /** Answers of another user are about to come. */
  forgetAll(): void {
    this.#failed.clear();
    this.#owed.clear();
  }

  /** A query has no subscribers or callers any more. */
  forget(hash: string): void {
    this.#failed.delete(hash);
    this.#owed.delete(hash);
  }

  #answer(hash: string): Answer | undefined {
    try {
      const answer = this.#host.evaluate(hash);
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
    this.#host.tellError(hash, { message, hint });
  }

  #endOnce(hash: string, data: object | undefined): void {
    const failure = this.#failed.get(hash);
    if (!failure && !data) {
      this.#owed.add(hash);
      return;
    }
    this.#owed.delete(hash);
    for (const { q, dfd } of this.#host.askers(hash)) {
      if (failure) dfd.reject(new InstantError(failure.message, failure.hint));
      else dfd.resolve(data);
      this.#host.complete(q, hash, dfd);
    }
  }

  #errorOf(hash: string, cause?: unknown): InstantNodeError {
    return new InstantNodeError('query-failed', `Cannot answer the query of ${this.#subjectOf(hash)}`, {
      hint: 'What the server sent for it cannot be evaluated here; it is tried again with each change',
      cause,
    });
  }

  #subjectOf(hash: string): string {
    const [waiting] = [...this.#host.subscribers(hash), ...this.#host.askers(hash)];
    const q = waiting?.q ?? {};
    return Object.keys(q)
      .filter((key) => key !== '$$ruleParams')
      .map((key) => JSON.stringify(key))
      .join(', ');
  }
}
