import { ServerError } from '../../protocol/error.ts';
import { canonicalJson, type JsonObject } from '../../protocol/json.ts';
import type { QuerySource } from '../query/index.ts';
import type { Actor } from './actor.ts';
import { RateLimitBucket, RequestInfo } from './cel/instant-functions.ts';
import { Meter } from './cel/meter.ts';
import {
  type CelValue,
  EntityMap,
  type EntitySource,
  EntityValues,
  fromCel,
  toCel,
  type ValueSource,
} from './cel/values.ts';
import { evaluationFailed } from './evaluation-failed.ts';
import { hashText } from './hash-text.ts';
import type { Program } from './program.ts';
import { NO_PARAMS } from './rule-params.ts';
import type { Rules } from './rules.ts';
import { signedInUser } from './signed-in-user.ts';
import type { TokenBuckets } from './token-buckets.ts';

/** The variables of a rule that depend on what is checked. */
export interface Bindings {
  readonly data: EntitySource;
  readonly newData?: ValueSource | undefined;
  readonly linkedData?: EntitySource | undefined;
  readonly actions?: JsonObject | undefined;
  readonly ruleParams?: Readonly<JsonObject> | undefined;
  readonly modifiedFields?: readonly string[] | undefined;
}

/** What the rules of one query or transaction are evaluated with. */
export interface RuleContext {
  readonly rules: Rules;
  readonly source: QuerySource;
  readonly actor: Actor;
  readonly appId: string;
  /** Replaces the actor's user in `auth`: a user about to be created. */
  readonly auth?: EntitySource | undefined;
  readonly buckets: TokenBuckets;
  /** In epoch milliseconds. */
  readonly now: number;
  /** Whether errors include the evaluator's message, for debugging rules. */
  readonly verbose?: boolean | undefined;
}

/** Evaluates the rules of one query or transaction. */
export class RuleRun {
  readonly context: RuleContext;
  readonly #meter = new Meter();
  #shared: ReadonlyMap<string, CelValue> | undefined;
  readonly #params = new WeakMap<Readonly<JsonObject>, CelValue>();

  constructor(context: RuleContext) {
    this.context = context;
  }

  /**
   * The result of a rule.
   *
   * @throws {ServerError} `permission-evaluation-failed` when it fails, `rate-limited` when it takes more tokens than
   * there are, or the error of following a link of the data.
   */
  evaluate(program: Program, bindings: Bindings): CelValue {
    if (program.constant !== undefined) return program.constant;
    try {
      return this.#meter.run(() => program.evaluate(this.#variables(bindings)));
    } catch (error) {
      if (error instanceof ServerError) throw error;
      throw evaluationFailed(program, error, this.context.verbose ?? false);
    }
  }

  /** Whether a rule passes, which is with any result but null and false. */
  passes(program: Program | undefined, bindings: Bindings): boolean {
    return !program || isPass(this.evaluate(program, bindings));
  }

  #variables(bindings: Bindings): Map<string, CelValue> {
    const { actor, now } = this.context;
    const { data, newData, linkedData, actions, ruleParams, modifiedFields } = bindings;
    this.#shared ??= this.#sharedVariables();
    const variables = new Map(this.#shared);
    variables.set('data', new EntityMap(data));
    variables.set('ruleParams', this.#paramsOf(ruleParams));
    variables.set(
      'request',
      new RequestInfo({
        modifiedFields: modifiedFields ?? [],
        time: new Date(now),
        ip: actor.ip,
        origin: actor.origin,
      }),
    );
    if (newData) variables.set('newData', new EntityValues(newData));
    if (linkedData) variables.set('linkedData', new EntityMap(linkedData));
    if (actions) variables.set('actions', toCel(actions));
    return variables;
  }

  /** Converted once for all rules that get the same params, since a client decides how large they are. */
  #paramsOf(ruleParams: Readonly<JsonObject> = NO_PARAMS): CelValue {
    const value = this.#params.get(ruleParams) ?? toCel(ruleParams);
    this.#params.set(ruleParams, value);
    return value;
  }

  #sharedVariables(): Map<string, CelValue> {
    const { rules, source, actor, appId, auth } = this.context;
    const buckets = [...rules.rateLimits.keys()].map((name): [string, RateLimitBucket] => [
      name,
      new RateLimitBucket((key, tokens) => this.#take(name, key, tokens)),
    ]);
    return new Map<string, CelValue>([
      ['auth', new EntityMap(auth ?? signedInUser(source, actor.user, appId))],
      ['rateLimit', new Map(buckets)],
    ]);
  }

  #take(name: string, key: CelValue, tokens: bigint): void {
    if (tokens <= 0n) throw new RangeError('limit(): the number of tokens must be positive');
    const { rules, buckets, now } = this.context;
    const limits = rules.rateLimits.get(name) ?? [];
    // Hashed, because a client may decide how long the key is, and many are kept.
    const bucket = hashText(canonicalJson([name, limits, typeof key, fromCel(key)]));
    const consumption = buckets.take(bucket, limits, Number(tokens), now);
    if (consumption.taken) return;
    const { retryAt, remaining } = consumption;
    throw new ServerError('rate-limited', 'Your request exceeded the rate limit.', {
      'retry-at': isoTime(retryAt),
      'retry-after': Math.max(0, Math.ceil((retryAt - now) / 1_000)),
      'remaining-tokens': remaining,
    });
  }
}

/** Whether a result of a rule means that it passes. */
export function isPass(result: CelValue): boolean {
  return result !== null && result !== undefined && result !== false;
}

const LAST_TIME = 8.64e15;

function isoTime(ms: number): string {
  return new Date(Math.min(ms, LAST_TIME)).toISOString();
}
