import type { JsonValue } from '../../protocol/json.ts';
import type { ReturnType } from '../../protocol/up.ts';
import type { Actor } from '../permissions/actor.ts';
import type { PreparedQuery } from '../query/index.ts';
import { encodeComputation, queryHash } from './computation.ts';

/** A query, and the actor it runs for. */
export interface QueryRequest {
  readonly q: JsonValue;
  readonly returnType: ReturnType;
  /** Whether a tree shows a link that can have only one target as an object instead of an array. Default: no. */
  readonly inference?: boolean;
  readonly actor: Actor;
}

/** A result as JSON texts, which are compared with the previous ones and sent to every subscriber. */
export interface QueryResult {
  readonly is: 'result';
  readonly result: string;
  readonly meta: string;
  /** How long the query ran, in milliseconds. */
  readonly ms: number;
}

/** A failure, with a text that is equal for equal failures. */
export interface QueryFailure {
  readonly is: 'failure';
  readonly error: unknown;
  readonly text: string;
}

/** The outcome of a query. */
export type Answer = QueryResult | QueryFailure;

/** A query that at least one session subscribes to, with its latest answer. */
export class LiveQuery<Subscriber> {
  readonly key: string;
  readonly request: QueryRequest;
  /** The query, ready to run; undefined where it is too long to keep that. */
  readonly prepared: PreparedQuery | undefined;
  /** Each subscriber, with the revision of the answer it has. */
  readonly subscribers: Map<Subscriber, number> = new Map();
  #stale: 'no' | 'yes' | 'whatever it is' = 'no';
  #answer: Answer;
  #revision = 0;
  #hash: string | undefined;
  #computation: string | undefined;

  constructor(key: string, request: QueryRequest, answer: Answer, prepared?: PreparedQuery) {
    this.key = key;
    this.request = request;
    this.prepared = prepared;
    this.#answer = answer;
  }

  get answer(): Answer {
    return this.#answer;
  }

  /** The result encoded for a refresh, once for all subscribers; undefined for a failure. */
  get computation(): string | undefined {
    if (this.#answer.is === 'failure') return undefined;
    this.#hash ??= queryHash(this.key);
    this.#computation ??= encodeComputation(this.#hash, this.request.q, this.#answer);
    return this.#computation;
  }

  /** Increases with each answer that subscribers have to receive. */
  get revision(): number {
    return this.#revision;
  }

  /** Whether a transaction may have changed the answer since it was computed. */
  get stale(): boolean {
    return this.#stale !== 'no';
  }

  /** Marks the answer as possibly outdated. With `always`, subscribers receive the next one even if it is the same. */
  invalidate(always: boolean): void {
    if (always) this.#stale = 'whatever it is';
    else if (this.#stale === 'no') this.#stale = 'yes';
  }

  /** Takes a newly computed answer. Subscribers are due an update if it differs. */
  update(answer: Answer): void {
    const always = this.#stale === 'whatever it is';
    this.#stale = 'no';
    if (!always && isSame(this.#answer, answer)) return;
    this.#answer = answer;
    this.#computation = undefined;
    this.#revision++;
  }

  /** Returns the subscribers that have an older answer, and marks them as up to date. */
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
