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

/** How the rules of a run differ from the usual. */
export interface RunOptions {
  /** Rules to be tried, in place of those of the app. */
  readonly rules?: Rules | undefined;
  /** Whether errors say what the evaluator said. */
  readonly verbose?: boolean;
  /** Values of a user who is about to be created, on whose behalf it is. */
  readonly newcomer?: AuthUser;
}

/** The app that permissions are of. */
export interface PermissionsHost {
  /** The time in epoch milliseconds. */
  now(): number;
  appId(): string;
}

/** The permissions of one app: its rules, and how much is left of its rate limits. */
export class Permissions {
  readonly #host: PermissionsHost;
  readonly #buckets = new TokenBuckets();
  #rules: Rules | null = null;

  constructor(host: PermissionsHost) {
    this.#host = host;
  }

  /** Null where none were pushed. */
  get rules(): Rules | null {
    return this.#rules;
  }

  /**
   * Takes rules that somebody pushed; null takes them away.
   *
   * @throws {ServerError} `validation-failed` when they cannot be used; then the old ones stay.
   */
  push(code: unknown): void {
    this.#rules = parseRules(code);
  }

  /** A text that is equal for two actors when the rules of this moment cannot tell them apart. */
  keyOf(actor: Actor): string {
    const key = actorKey(actor);
    if (actor.admin || !this.#rules?.tellsPeersApart) return key;
    return `${key} ${JSON.stringify([actor.ip, actor.origin])}`;
  }

  /** Begins to evaluate rules for one query or transaction. */
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

  /** Leaves what an actor may see; undefined for who may see everything. */
  filterFor(source: QuerySource, actor: Actor): FormFilter | undefined {
    if (actor.admin) return undefined;
    return (forms, ruleParams) =>
      visibleForms(forms, new Viewer(this.run(source, actor), ruleParams as JsonObject));
  }
}
