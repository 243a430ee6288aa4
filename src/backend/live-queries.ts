import { canonicalJson } from '../protocol/json.ts';
import { evaluate } from './evaluate.ts';
import { LiveQuery, type QueryRequest, type QueryResult } from './live-query.ts';
import type { Permissions } from './permissions/index.ts';
import { ReadIndex } from './query/index.ts';
import type { AppData } from './store/app-data.ts';
import type { Change } from './store/journal.ts';

/**
 * The queries that sessions of one app subscribe to. Equal queries are run once for all of them, and again only when
 * a transaction touched what they read. Where rules take tokens of a rate limit, each subscriber's is run by itself.
 */
export class LiveQueries<Subscriber> {
  readonly #data: AppData;
  readonly #permissions: Permissions;
  readonly #queries = new Map<string, LiveQuery<Subscriber>>();
  readonly #reads = new ReadIndex<LiveQuery<Subscriber>>();
  readonly #stale = new Set<LiveQuery<Subscriber>>();
  #attrsChanged = false;
  #unshared = 0;

  constructor(data: AppData, permissions: Permissions) {
    this.#data = data;
    this.#permissions = permissions;
  }

  /** How many different queries are live. */
  get size(): number {
    return this.#queries.size;
  }

  /**
   * Subscribes, and gives the query with its answer of this moment.
   *
   * @throws {ServerError} when the query fails; then nothing is subscribed.
   */
  subscribe(
    subscriber: Subscriber,
    request: QueryRequest,
  ): { query: LiveQuery<Subscriber>; result: QueryResult } {
    const key = this.#keyOf(request);
    const query = this.#queries.get(key) ?? this.#start(key, request);
    if (query.stale) this.#run(query);
    const { answer } = query;
    if (answer.is === 'failure') {
      this.#stopIfUnused(query);
      throw answer.error;
    }
    query.subscribers.set(subscriber, query.revision);
    return { query, result: answer };
  }

  /** Ends a subscription. */
  unsubscribe(subscriber: Subscriber, query: LiveQuery<Subscriber>): void {
    query.subscribers.delete(subscriber);
    this.#stopIfUnused(query);
  }

  /** Notes what a transaction changed, and whether that needs a {@link refresh}. */
  invalidate(changes: readonly Change[], attrsChanged: boolean): boolean {
    // A client reads a result with the attributes that came with it: new attributes, new results.
    this.#attrsChanged ||= attrsChanged;
    const affected = attrsChanged ? this.#queries.values() : this.#reads.affected(changes);
    for (const query of affected) {
      query.stale = true;
      this.#stale.add(query);
    }
    return this.#stale.size > 0;
  }

  /** Notes that any answer may be another one, because the rules are. */
  invalidateAll(): void {
    for (const query of this.#queries.values()) {
      query.stale = true;
      this.#stale.add(query);
    }
  }

  /** Runs what was invalidated, and gives to each subscriber the queries whose answer it does not have yet. */
  refresh(): Map<Subscriber, LiveQuery<Subscriber>[]> {
    const news = new Map<Subscriber, LiveQuery<Subscriber>[]>();
    for (const query of this.#stale) {
      if (query.stale) this.#run(query);
      for (const subscriber of query.takeOutdated()) {
        const queries = news.get(subscriber);
        if (queries) queries.push(query);
        else news.set(subscriber, [query]);
      }
    }
    this.#stale.clear();
    this.#attrsChanged = false;
    return news;
  }

  #start(key: string, request: QueryRequest): LiveQuery<Subscriber> {
    const { answer, reads } = evaluate(this.#data, this.#permissions, request);
    const query = new LiveQuery<Subscriber>(key, request, answer);
    this.#queries.set(key, query);
    this.#reads.add(query, reads);
    return query;
  }

  #run(query: LiveQuery<Subscriber>): void {
    const { answer, reads } = evaluate(this.#data, this.#permissions, query.request);
    this.#reads.add(query, reads);
    query.update(answer, this.#attrsChanged);
  }

  #keyOf({ q, returnType, inference, actor }: QueryRequest): string {
    const form = inference ? `inferred ${returnType}` : returnType;
    const key = `${this.#permissions.keyOf(actor)} ${form} ${canonicalJson(q)}`;
    const isMetered = !actor.admin && this.#permissions.rules?.takesTokens;
    return isMetered ? `${key} ${++this.#unshared}` : key;
  }

  #stopIfUnused(query: LiveQuery<Subscriber>): void {
    if (query.subscribers.size > 0) return;
    this.#queries.delete(query.key);
    this.#stale.delete(query);
    this.#reads.remove(query);
  }
}
