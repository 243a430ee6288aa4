import { canonicalJson } from '../../protocol/json.ts';
import type { Permissions, RuledData } from '../permissions/index.ts';
import { PreparedQuery, ReadIndex } from '../query/index.ts';
import type { AppData } from '../store/app-data.ts';
import type { Change } from '../store/undo-log.ts';
import { upsert } from '../store/upsert.ts';
import { answerQuery } from './answer-query.ts';
import { Backlog } from './backlog.ts';
import { LiveQuery, type QueryRequest, type QueryResult } from './live-query.ts';

/**
 * Up to this many characters of key, what a query is parsed and planned into is kept with it. That takes several times
 * the memory of its text, which is what sessions are limited by.
 */
const LONGEST_PREPARED = 4_096;

/**
 * The queries that sessions of one app subscribe to. Equal queries run once for all of them, and again only when a
 * transaction touched what they read. If the rules consume rate-limit tokens, each subscriber's query runs separately.
 */
export class LiveQueries<Subscriber> {
  readonly #app: RuledData;
  readonly #queries = new Map<string, LiveQuery<Subscriber>>();
  readonly #reads = new ReadIndex<LiveQuery<Subscriber>>();
  readonly #backlog = new Backlog<Subscriber>();
  /** How many times {@link refresh} has started. */
  #round = 0;
  #unshared = 0;

  constructor(data: AppData, permissions: Permissions) {
    this.#app = { data, permissions };
  }

  /** How many distinct queries are live. */
  get size(): number {
    return this.#queries.size;
  }

  /**
   * Subscribes, and returns the query with its current answer. Pass the query's canonical JSON as `canonical` if it is
   * already at hand.
   *
   * @throws {ServerError} when the query fails; nothing is subscribed then.
   */
  subscribe(
    subscriber: Subscriber,
    request: QueryRequest,
    canonical: string = canonicalJson(request.q),
  ): { query: LiveQuery<Subscriber>; result: QueryResult } {
    const key = this.#keyOf(request, canonical);
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
    this.#backlog.leave(subscriber, query);
    query.subscribers.delete(subscriber);
    this.#stopIfUnused(query);
  }

  /** Marks what a transaction invalidated; returns whether a {@link refresh} is due. */
  invalidate(changes: readonly Change[], attrsChanged: boolean): boolean {
    const affected = attrsChanged ? this.#queries.values() : this.#reads.affected(changes);
    // A client reads a result using the attributes that came with it, so new attributes require new results.
    for (const query of affected) this.#invalidate(query, attrsChanged);
    return !this.#backlog.isEmpty;
  }

  /** Invalidates every answer: with new rules, any may differ. */
  invalidateAll(): void {
    for (const query of this.#queries.values()) this.#invalidate(query, false);
  }

  /**
   * Runs invalidated queries, at least one and then more until `isTimeUp`; returns for each subscriber the queries
   * whose answer it does not have yet, with current answers. The rest is left for the next call.
   */
  refresh(isTimeUp: () => boolean): Map<Subscriber, LiveQuery<Subscriber>[]> {
    this.#round++;
    const news = new Map<Subscriber, LiveQuery<Subscriber>[]>();
    for (let query = this.#backlog.take(); query; query = isTimeUp() ? undefined : this.#backlog.take()) {
      if (query.stale) this.#run(query);
      for (const subscriber of query.takeOutdated()) upsert(news, subscriber, () => []).push(query);
    }
    return news;
  }

  /** Whether {@link refresh} left something undone. */
  get isBehind(): boolean {
    return !this.#backlog.isEmpty;
  }

  /**
   * Returns a check for whether a subscriber has received everything due to it by now, that is, what was invalidated
   * before the last {@link refresh} began; undefined when it already has.
   */
  whenTold(subscriber: Subscriber): (() => boolean) | undefined {
    const round = this.#round;
    return this.#backlog.waits(subscriber, round) ? () => !this.#backlog.waits(subscriber, round) : undefined;
  }

  #invalidate(query: LiveQuery<Subscriber>, always: boolean): void {
    query.invalidate(always);
    this.#backlog.add(query, this.#round);
  }

  #start(key: string, request: QueryRequest): LiveQuery<Subscriber> {
    const prepared = key.length <= LONGEST_PREPARED ? new PreparedQuery(request.q, request.actor) : undefined;
    const { answer, reads } = answerQuery(this.#app, request, prepared);
    const query = new LiveQuery<Subscriber>(key, request, answer, prepared);
    this.#queries.set(key, query);
    this.#reads.add(query, reads);
    return query;
  }

  #run(query: LiveQuery<Subscriber>): void {
    const { answer, reads } = answerQuery(this.#app, query.request, query.prepared);
    this.#reads.add(query, reads);
    query.update(answer);
  }

  #keyOf({ returnType, inference, actor }: QueryRequest, canonical: string): string {
    const { permissions } = this.#app;
    const form = inference ? `inferred ${returnType}` : returnType;
    const key = `${permissions.keyOf(actor)} ${form} ${canonical}`;
    const isMetered = !actor.admin && permissions.rules?.takesTokens;
    return isMetered ? `${key} ${++this.#unshared}` : key;
  }

  #stopIfUnused(query: LiveQuery<Subscriber>): void {
    if (query.subscribers.size > 0) return;
    this.#queries.delete(query.key);
    this.#reads.remove(query);
  }
}
