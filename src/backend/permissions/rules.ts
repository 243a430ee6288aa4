import { etypeOf } from '../../protocol/attr.ts';
import { validationFailed } from '../../protocol/error.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { systemAttrs } from '../store/system-attrs.ts';
import { RuleCompileError } from './cel/compile-error.ts';
import type { RuleAction } from './cel/environments.ts';
import { compileRule, type Program } from './program.ts';
import { parseRateLimit, type RateLimit } from './rate-limit-config.ts';
import { type RulePath, ruleAt } from './rule-document.ts';

const SYSTEM_ETYPES: ReadonlySet<string> = new Set(systemAttrs.map(etypeOf));

const OWN_ROW = 'auth.id == data.id || (data.linkedPrimaryUser != null && auth.id == data.linkedPrimaryUser)';

/** The permission rules of an app. Each is compiled when it is asked for first, once. */
export class Rules {
  /** The document as it was pushed. */
  readonly code: JsonObject;
  readonly #programs = new Map<string, Program | undefined>();
  readonly #rateLimits = new Map<string, readonly RateLimit[]>();
  #tellsPeersApart: boolean | undefined;
  #takesTokens: boolean | undefined;

  /** `code` is taken as it is, see {@link parseRules} for what comes from outside. */
  constructor(code: JsonObject) {
    this.code = code;
    const limits = code.$rateLimits;
    for (const [name, config] of Object.entries(isObject(limits) ? limits : {})) {
      this.#rateLimits.set(name, parseRateLimit(config));
    }
  }

  /** Whether a rule may come out differently for two peers that act on behalf of the same user. */
  get tellsPeersApart(): boolean {
    this.#tellsPeersApart ??= mentions(this.code, 'request');
    return this.#tellsPeersApart;
  }

  /** Whether asking a rule takes tokens of a rate limit, so that an answer may not stand for another's. */
  get takesTokens(): boolean {
    this.#takesTokens ??= mentions(this.code, 'rateLimit');
    return this.#takesTokens;
  }

  /** The limits under each name of `$rateLimits`. */
  get rateLimits(): ReadonlyMap<string, readonly RateLimit[]> {
    return this.#rateLimits;
  }

  /**
   * The rule for something to be done with an entity; undefined where none stands against it.
   *
   * @throws {ServerError} `validation-failed` when the rule cannot be compiled; so do all of these.
   */
  program(etype: string, action: RuleAction): Program | undefined {
    return this.#once(`${action} ${etype}`, () => {
      const ways: RulePath[] = [
        [etype, 'allow', action],
        [etype, 'allow', '$default'],
        ['$default', 'allow', action],
        ['$default', 'allow', '$default'],
      ];
      return this.#find(etype, action, ways) ?? fallbackProgram(etype, action);
    });
  }

  /** The rule that stands in the document for exactly this. */
  ownProgram(etype: string, action: RuleAction): Program | undefined {
    return this.#once(`own ${action} ${etype}`, () => this.#find(etype, action, [[etype, 'allow', action]]));
  }

  /** The rule for the values under a label. */
  fieldProgram(etype: string, label: string): Program | undefined {
    return this.#once(`field ${etype}\u0000${label}`, () =>
      this.#find(etype, 'view', [[etype, 'fields', label]]),
    );
  }

  /** The rule for a link, as one of its two sides has it. */
  linkProgram(etype: string, action: 'link' | 'unlink', label: string): Program | undefined {
    return this.#once(`${action} ${etype}\u0000${label}`, () =>
      this.#find(etype, action, [
        [etype, 'allow', action, label],
        [etype, 'allow', action, '$default'],
      ]),
    );
  }

  #once(key: string, find: () => Program | undefined): Program | undefined {
    const known = this.#programs.get(key);
    if (known || this.#programs.has(key)) return known;
    const program = find();
    this.#programs.set(key, program);
    return program;
  }

  #find(etype: string, action: RuleAction, paths: readonly RulePath[]): Program | undefined {
    const path = paths.find((each) => ruleAt(this.code, each) !== undefined);
    return path && this.#compile(etype, action, path);
  }

  #compile(etype: string, action: RuleAction, path: RulePath): Program {
    const rule = ruleAt(this.code, path);
    try {
      return compileRule({ code: this.code, etype, action, rule });
    } catch (error) {
      if (!(error instanceof RuleCompileError)) throw error;
      throw validationFailed('permission', path, [{ message: error.message }]);
    }
  }
}

/** The rules of an app for which none were pushed. */
export const NO_RULES: Rules = new Rules({});

/** Whether a name stands anywhere in a document. */
function mentions(value: JsonValue | undefined, name: string): boolean {
  if (typeof value === 'string') return new RegExp(`\\b${name}\\b`).test(value);
  return typeof value === 'object' && value !== null && Object.values(value).some((it) => mentions(it, name));
}

/** What holds for the system's own namespaces where no rule says otherwise. */
function fallbackProgram(etype: string, action: RuleAction): Program | undefined {
  if (!SYSTEM_ETYPES.has(etype)) return undefined;
  const isOpen = etype === '$users' && (action === 'view' || action === 'update' || action === 'create');
  const rule = isOpen ? (action === 'create' ? 'true' : OWN_ROW) : 'false';
  const display = isOpen || etype === '$files' ? rule : `disallow_${action}_on_system_tables`;
  return compileRule({ code: {}, etype, action, rule, display });
}
