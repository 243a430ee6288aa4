import { InstantError } from '@instantdb/core';
import { InstantNodeError } from '../../errors.ts';
import { sameValue } from '../values/same-value.ts';

/** What `subscribeQuery` gives when there is no answer. */
interface QueryError {
  message: string;
  hint?: unknown;
}

/** Somebody who has asked for an answer once. */
interface Waiting {
  q: object;
  dfd: { resolve(answer: unknown): void; reject(reason: unknown): void };
}

/** The answer of a query, as it is told; without data where there is none. */
export interface Answer {
  data?: object;
}

/** What is known of queries, by their hashes. */
export interface QueriesHost {
  /** The hashes of what is subscribed to. */
  subscribed(): string[];
  subscribers(hash: string): readonly { q: object; cb(answer: object): void }[];
  /** Those who have asked once. */
  askers(hash: string): readonly Waiting[];
  /** The answer that subscribers were given last. */
  told(hash: string): Answer | undefined;
  noteTold(hash: string, answer: Answer): void;
  /** The answer as it is now. */
  evaluate(hash: string): Answer | undefined;
  /** Resolves once what is stored of a query was read. */
  loaded(hash: string): Promise<unknown>;
  isAwaited(hash: string): boolean;
  tellError(hash: string, error: QueryError): void;
  /** Forgets one who has asked once. */
  complete(q: object, hash: string, dfd: Waiting['dfd']): void;
  report(error: InstantNodeError): void;
}

/**
 * Tells those who wait for queries. Each query is on its own: one that cannot be evaluated over what it was sent tells its
 * own subscribers so, once, and is evaluated again with the next change; all others go on.
 *
 * Core lets what one query throws end the process, and compares answers by calling methods of the users' data.
 */
export class LiveAnswers {
  readonly #host: QueriesHost;
  /** What is wrong with queries that had no answer when they were last asked for it. */
  readonly #failed: Map<string, QueryError> = new Map();
  /** Queries of which the server has said that it has answered them, whose answers have not been taken yet. */
  readonly #owed: Set<string> = new Set();

  constructor(host: QueriesHost) {
    this.#host = host;
  }

  /** How many queries are subscribed to, and by how many callbacks. */
  count(): { queries: number; subscriptions: number } {
    const hashes = this.#host.subscribed();
    const subscriptions = hashes.reduce((sum, hash) => sum + this.#host.subscribers(hash).length, 0);
    return { queries: hashes.length, subscriptions };
  }

  /** Tells the subscribers of a query its answer, when that is another than before. */
  tell(hash: string): void {
    const host = this.#host;
    const before = host.told(hash)?.data;
    const answer = this.#answer(hash);
    if (this.#owed.has(hash)) this.#endOnce(hash, answer?.data);
    if (!answer?.data || !host.isAwaited(hash)) return;
    host.noteTold(hash, answer);
    if (sameValue(answer.data, before)) return;
    for (const { cb } of [...host.subscribers(hash)]) cb(answer.data);
  }

  /** Gives what is there to those who have asked for the answer once. */
  tellOnce(hash: string): void {
    this.#endOnce(hash, this.#answer(hash)?.data);
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

  /** Tells the subscribers of all queries, each once what is stored of it was read. */
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

  /** Nobody asks for a query any more. */
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
