import { validationFailed } from '../../protocol/error.ts';
import { canonicalJson } from '../../protocol/json.ts';
import type { AppData } from '../store/app-data.ts';
import { upsert } from '../store/upsert.ts';
import {
  type EntityRef,
  findByLookup,
  isLookup,
  type TransactGuard,
  type TxPlan,
} from '../transact/index.ts';
import type { CelValue } from './cel/values.ts';
import { type Check, type CheckResult, checkResult } from './check.ts';
import { permissionDenied } from './denied.ts';
import { describedEntity } from './entity-sources.ts';
import { EntityStates, type State } from './entity-states.ts';
import { CheckList, type Phase } from './list-checks.ts';
import type { Program } from './program.ts';
import { paramsText } from './rule-params.ts';
import { type Bindings, isPass, type RuleRun } from './rule-run.ts';

/** Checks a transaction against the rules of an app. */
export class TransactionChecks implements TransactGuard {
  readonly #data: AppData;
  readonly #run: RuleRun;
  readonly #collect: CheckResult[] | undefined;
  #list: CheckList | undefined;

  /** With `collect`, results are only collected, and no rule's result causes a refusal. */
  constructor(data: AppData, run: RuleRun, collect?: CheckResult[]) {
    this.#data = data;
    this.#run = run;
    this.#collect = collect;
  }

  before(plan: TxPlan): void {
    const states = new EntityStates(this.#data, plan);
    const list = new CheckList(this.#run.context.rules, plan, states);
    if (!this.#collect && !list.concernsAny()) return;
    states.applySteps();
    this.#list = list;
    this.#check(list, 'before');
  }

  after(): void {
    if (this.#list) this.#check(this.#list, 'after');
  }

  /** Evaluates all rules of a phase before any of them can deny, because a failing rule is more informative. */
  #check(list: CheckList, phase: Phase): void {
    const results = this.#distinct(list, phase)
      .map((check) => this.#identified(check, phase))
      .map((check) => ({ check, result: this.#ask(check) }));
    if (this.#collect) this.#collect.push(...results.map(({ check, result }) => checkResult(check, result)));
    const refused = this.#collect ? undefined : results.find(({ result }) => !isPass(result));
    if (refused) throw permissionDenied([refused.check.etype, refused.check.scope]);
  }

  #distinct(list: CheckList, phase: Phase): Check[] {
    const checks: Check[] = [];
    const known = new Map<Program | undefined, Set<string>>();
    for (const check of list.checks(phase)) {
      if (!check.program && !this.#collect) continue;
      const keys = upsert(known, check.program, () => new Set());
      const key = keyOf(check);
      if (keys.has(key)) continue;
      keys.add(key);
      checks.push(check);
    }
    return checks;
  }

  #ask(check: Check): CelValue {
    return check.program ? this.#run.evaluate(check.program, this.#bindings(check)) : true;
  }

  /** The check with lookups replaced by ids; by now they must find an entity. */
  #identified(check: Check, phase: Phase): Check {
    const { eid, linkedData } = check;
    if (eid === undefined) return check;
    const id = this.#idOf(eid);
    if (id === undefined) {
      throw validationFailed('lookup', eid, [{ message: 'Could not find the entity for this lookup' }]);
    }
    if (phase === 'before') return check;
    const withId = (state: State, id: string | undefined): State => state && { ...state, ...(id && { id }) };
    return {
      ...check,
      eid: id,
      data: withId(check.data, id),
      newData: withId(check.newData, id),
      linkedData: linkedData && { ...linkedData, state: withId(linkedData.state, this.#idOf(linkedData.e)) },
    };
  }

  #idOf(e: EntityRef): string | undefined {
    return isLookup(e) ? findByLookup(this.#data, e) : e;
  }

  #bindings(check: Check): Bindings {
    const { source } = this.#run.context;
    const { etype, data, newData, linkedData, actions, ruleParams, modifiedFields } = check;
    return {
      data: describedEntity(source, etype, data),
      newData: newData && describedEntity(source, etype, newData),
      linkedData: linkedData && describedEntity(source, linkedData.etype, linkedData.state),
      actions,
      ruleParams,
      modifiedFields,
    };
  }
}

/** Equal for checks of one rule with the same result: an entity has one state before and one after. */
function keyOf({ action, etype, eid, data, linkedData, actions, ruleParams }: Check): string {
  const subject = typeof eid === 'string' ? eid : canonicalJson(eid ?? data);
  const link = linkedData ? `${linkedData.etype} ${linkedData.state?.id} ${canonicalJson(actions)}` : '';
  return `${action} ${etype} ${subject} ${link} ${paramsText(ruleParams)}`;
}
