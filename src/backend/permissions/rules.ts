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

/** The permission rules of an app. Each is compiled once, on first use. */
export class Rules {
  /** The document as it was pushed. */
  readonly code: JsonObject;
  readonly #programs = new Map<string, Program | undefined>();
  readonly #rateLimits = new Map<string, readonly RateLimit[]>();
  #tellsPeersApart: boolean | undefined;
  #takesTokens: boolean | undefined;

  /** `code` must be valid; for input from outside, see {@link parseRules}. */
  constructor(code: JsonObject) {
    this.code = code;
    const limits = code.$rateLimits;
    for (const [name, config] of Object.entries(isObject(limits) ? limits : {})) {
      this.#rateLimits.set(name, parseRateLimit(config));
    }
  }

  /** Whether a rule may have different results for two peers acting as the same user. */
  get tellsPeersApart(): boolean {
    this.#tellsPeersApart ??= mentions(this.code, 'request');
    return this.#tellsPeersApart;
  }

  /** Whether evaluating a rule consumes rate-limit tokens, so that answers cannot be shared. */
  get takesTokens(): boolean {
    this.#takesTokens ??= mentions(this.code, 'rateLimit');
    return this.#takesTokens;
  }

  /** The limits of each entry of `$rateLimits`. */
  get rateLimits(): ReadonlyMap<string, readonly RateLimit[]> {
    return this.#rateLimits;
  }

  /**
   * The rule for an action on an entity; undefined when it is always allowed.
   *
   * @throws {ServerError} `validation-failed` when the rule does not compile; the same goes for the methods below.
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

  /** The rule the document contains for exactly this namespace and action. */
  ownProgram(etype: string, action: RuleAction): Program | undefined {
    return this.#once(`own ${action} ${etype}`, () => this.#find(etype, action, [[etype, 'allow', action]]));
  }

  /** The rule for a single field. */
  fieldProgram(etype: string, label: string): Program | undefined {
    return this.#once(`field ${etype}\u0000${label}`, () =>
      this.#find(etype, 'view', [[etype, 'fields', label]]),
    );
  }

  /** The rule for a link, from one of its two sides. */
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

/** The rules of an app that has none. */
export const NO_RULES: Rules = new Rules({});

/** Whether a name occurs anywhere in a document. */
function mentions(value: JsonValue | undefined, name: string): boolean {
  if (typeof value === 'string') return new RegExp(`\\b${name}\\b`).test(value);
  return typeof value === 'object' && value !== null && Object.values(value).some((it) => mentions(it, name));
}

/** The default for the system's namespaces, where no rule applies. */
function fallbackProgram(etype: string, action: RuleAction): Program | undefined {
  if (!SYSTEM_ETYPES.has(etype)) return undefined;
  const isOpen = etype === '$users' && (action === 'view' || action === 'update' || action === 'create');
  const rule = isOpen ? (action === 'create' ? 'true' : OWN_ROW) : 'false';
  const display = isOpen || etype === '$files' ? rule : `disallow_${action}_on_system_tables`;
  return compileRule({ code: {}, etype, action, rule, display });
}
