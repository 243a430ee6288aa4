import type { JsonValue } from '../../protocol/json.ts';
import type { ReturnType } from '../../protocol/up.ts';
import type { Actor } from '../permissions/actor.ts';
import { PreparedQuery } from '../query/index.ts';
import { encodeComputation, queryHash } from './computation.ts';

/** A query, and on whose behalf it runs. */
export interface QueryRequest {
  readonly q: JsonValue;
  readonly returnType: ReturnType;
  /** Whether a link that can have one target only is an object in a tree, instead of an array. Default: no. */
  readonly inference?: boolean;
  readonly actor: Actor;
}

/** A result, as JSON texts: they are compared, and sent to as many sessions as subscribe. */
export interface QueryResult {
  readonly is: 'result';
  readonly result: string;
  readonly meta: string;
  /** How long the query ran. */
  readonly ms: number;
}

/** A failure, and a text that is equal for equal failures. */
export interface QueryFailure {
  readonly is: 'failure';
  readonly error: unknown;
  readonly text: string;
}

/** What a query came to. */
export type Answer = QueryResult | QueryFailure;

/** A query that at least one session subscribes to, with its latest answer. */
export class LiveQuery<Subscriber> {
  readonly key: string;
  readonly request: QueryRequest;
  /** The query as it is run. */
  readonly prepared: PreparedQuery;
  /** Each subscriber, with the revision of the answer that it has. */
  readonly subscribers: Map<Subscriber, number> = new Map();
  #stale: 'no' | 'yes' | 'whatever it is' = 'no';
  #answer: Answer;
  #revision = 0;
  #hash: string | undefined;
  #computation: string | undefined;

  constructor(
    key: string,
    request: QueryRequest,
    answer: Answer,
    prepared: PreparedQuery = new PreparedQuery(request.q, request.actor),
  ) {
    this.key = key;
    this.request = request;
    this.prepared = prepared;
    this.#answer = answer;
  }

  get answer(): Answer {
    return this.#answer;
  }

  /** A result as a refresh tells it, written once for all subscribers; undefined for a failure. */
  get computation(): string | undefined {
    if (this.#answer.is === 'failure') return undefined;
    this.#hash ??= queryHash(this.key);
    this.#computation ??= encodeComputation(this.#hash, this.request.q, this.#answer);
    return this.#computation;
  }

  /** Rises whenever subscribers are to be told. */
  get revision(): number {
    return this.#revision;
  }

  /** Whether a transaction may have changed the answer since it was found. */
  get stale(): boolean {
    return this.#stale !== 'no';
  }

  /** Notes that the answer may be another one. With `always` subscribers are told of it even if it is the same. */
  invalidate(always: boolean): void {
    if (always) this.#stale = 'whatever it is';
    else if (this.#stale === 'no') this.#stale = 'yes';
  }

  /** Takes a newly found answer. Subscribers are told when it differs. */
  update(answer: Answer): void {
    const always = this.#stale === 'whatever it is';
    this.#stale = 'no';
    if (!always && isSame(this.#answer, answer)) return;
    this.#answer = answer;
    this.#computation = undefined;
    this.#revision++;
  }

  /** The subscribers that have an older answer; from here on they count as told. */
  takeOutdated(): Subscriber[] {
    const outdated: Subscriber[] = [];
    for (const [subscriber, revision] of this.subscribers) {
      if (revision === this.#revision) continue;
      outdated.push(subscriber);
      this.subscribers.set(subscriber, this.#revision);
    }
    return outdated;
  }
}

function isSame(a: Answer, b: Answer): boolean {
  if (a.is === 'failure') return b.is === 'failure' && a.text === b.text;
  return b.is === 'result' && a.result === b.result && a.meta === b.meta;
}
