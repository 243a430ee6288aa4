import { etypeOf, labelOf, type Triple } from '../../protocol/attr.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { CelValue } from './cel/values.ts';
import { storedEntity } from './entity-sources.ts';
import type { Program } from './program.ts';
import { isPass, type RuleRun } from './rule-run.ts';

/** The result of a view rule. When all results are listed, entities and fields without a rule are included. */
export interface ViewCheck {
  readonly etype: string;
  readonly e: string;
  /** The label if the rule concerns a single field. */
  readonly label?: string;
  /** Undefined if it is always allowed. */
  readonly program: Program | undefined;
  readonly result: CelValue;
}

/** The rules for the triples of one attribute. */
interface AttrRules {
  readonly etype: string;
  readonly label: string;
  readonly view: Program | undefined;
  readonly field: Program | undefined;
}

/** Decides what is visible in the answer to one query. Each rule is evaluated once per entity. */
export class Viewer {
  readonly #run: RuleRun;
  readonly #ruleParams: Readonly<JsonObject>;
  readonly #checks = new Map<string, ViewCheck>();
  readonly #byAttr = new Map<string, AttrRules>();

  constructor(run: RuleRun, ruleParams: Readonly<JsonObject>) {
    this.#run = run;
    this.#ruleParams = ruleParams;
  }

  /** The evaluated rules with their results. */
  get checks(): Iterable<ViewCheck> {
    return this.#checks.values();
  }

  /** Whether an entity is visible as a member of `etype`. */
  canView(etype: string, e: string): boolean {
    return this.#ask({ etype, e, program: this.#run.context.rules.program(etype, 'view') });
  }

  /** Whether a triple is visible. It belongs to the entity that holds it, even if it is a link. */
  canSee([e, a]: Triple): boolean {
    const rule = this.#rulesFor(a);
    if (!rule) return false;
    const { etype, label, view, field } = rule;
    return (
      this.#ask({ etype, e, program: view }) && (!field || this.#ask({ etype, e, label, program: field }))
    );
  }

  #rulesFor(a: string): AttrRules | undefined {
    const known = this.#byAttr.get(a);
    if (known) return known;
    const { rules, source } = this.#run.context;
    const attr = source.catalog.byId(a);
    if (!attr) return undefined;
    const [etype, label] = [etypeOf(attr), labelOf(attr)];
    const found = {
      etype,
      label,
      view: rules.program(etype, 'view'),
      field: rules.fieldProgram(etype, label),
    };
    this.#byAttr.set(a, found);
    return found;
  }

  #ask(question: Omit<ViewCheck, 'result'>): boolean {
    const { etype, e, label, program } = question;
    const isListed = this.#run.context.verbose;
    if (!program && !isListed) return true;
    if (program?.constant !== undefined && !isListed) return program.constant;
    const key = `${e} ${etype}\u0000${label ?? ''}`;
    const known = this.#checks.get(key);
    if (known) return isPass(known.result);
    const data = storedEntity(this.#run.context.source, etype, e);
    const result = program ? this.#run.evaluate(program, { data, ruleParams: this.#ruleParams }) : true;
    this.#checks.set(key, { ...question, result });
    return isPass(result);
  }
}
