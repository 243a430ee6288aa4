import type { JsonObject } from '../../protocol/json.ts';
import type { FormFilter, QuerySource } from '../query/index.ts';
import { type Actor, type AuthUser, actorKey } from './actor.ts';
import { RuleRun } from './rule-run.ts';
import { NO_RULES, type Rules } from './rules.ts';
import { newcomer } from './signed-in-user.ts';
import { TokenBuckets } from './token-buckets.ts';
import { parseRules } from './validate-rules.ts';
import { Viewer } from './viewer.ts';
import { visibleForms } from './visible-forms.ts';

/** Options of a run. */
export interface RunOptions {
  /** Rules to try out, in place of the app's. */
  readonly rules?: Rules | undefined;
  /** Whether errors include the evaluator's message. */
  readonly verbose?: boolean;
  /** The values of the user about to be created, for whom the rules are evaluated. */
  readonly newcomer?: AuthUser;
}

/** What permissions need from their app. */
export interface PermissionsHost {
  /** The time in epoch milliseconds. */
  now(): number;
  appId(): string;
}

/** The permissions of one app: its rules, and the state of its rate limits. */
export class Permissions {
  readonly #host: PermissionsHost;
  readonly #buckets = new TokenBuckets();
  #rules: Rules | null = null;

  constructor(host: PermissionsHost) {
    this.#host = host;
  }

  /** Null when there are none. */
  get rules(): Rules | null {
    return this.#rules;
  }

  /**
   * Puts pushed rules in force; null removes them.
   *
   * @throws {ServerError} `validation-failed` when they cannot be used; the old ones then stay.
   */
  push(code: unknown): void {
    this.#rules = parseRules(code);
  }

  /** A key that is equal for two actors if the current rules cannot tell them apart. */
  keyOf(actor: Actor): string {
    const key = actorKey(actor);
    if (actor.admin || !this.#rules?.tellsPeersApart) return key;
    return `${key} ${JSON.stringify([actor.ip, actor.origin])}`;
  }

  /** Starts the evaluation of rules for one query or transaction. */
  run(source: QuerySource, actor: Actor, options: RunOptions = {}): RuleRun {
    return new RuleRun({
      rules: options.rules ?? this.#rules ?? NO_RULES,
      source,
      actor,
      appId: this.#host.appId(),
      auth: options.newcomer && newcomer(source, options.newcomer),
      buckets: this.#buckets,
      now: this.#host.now(),
      verbose: options.verbose,
    });
  }

  /** A filter that keeps what an actor may see; undefined for an actor who may see everything. */
  filterFor(source: QuerySource, actor: Actor): FormFilter | undefined {
    if (actor.admin) return undefined;
    return (forms, ruleParams) =>
      visibleForms(forms, new Viewer(this.run(source, actor), ruleParams as JsonObject));
  }
}
