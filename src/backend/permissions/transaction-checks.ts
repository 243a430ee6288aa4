import { validationFailed } from '../../protocol/error.ts';
import { canonicalJson } from '../../protocol/json.ts';
import type { AppData } from '../store/app-data.ts';
import { upsert } from '../store/upsert.ts';
import { findByLookup, isLookup, type Plan, type TransactGuard } from '../transact/index.ts';
import { type Check, type CheckResult, checkResult } from './check.ts';
import { permissionDenied } from './denied.ts';
import { describedEntity } from './entity-sources.ts';
import { EntityStates, type State } from './entity-states.ts';
import { CheckList, type Phase } from './list-checks.ts';
import type { Program } from './program.ts';
import { paramsText } from './rule-params.ts';
import { type Bindings, isPass, type RuleRun } from './rule-run.ts';

/** Asks the rules of an app whether a transaction may be. */
export class TransactionChecks implements TransactGuard {
  readonly #data: AppData;
  readonly #run: RuleRun;
  readonly #collect: CheckResult[] | undefined;
  #list: CheckList | undefined;

  /** With `collect`, every result is put there, and nothing is refused for it. */
  constructor(data: AppData, run: RuleRun, collect?: CheckResult[]) {
    this.#data = data;
    this.#run = run;
    this.#collect = collect;
  }

  before(plan: Plan): void {
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

  #check(list: CheckList, phase: Phase): void {
    const checked = new Map<Program | undefined, Set<string>>();
    for (const check of list.checks(phase)) {
      if (!check.program && !this.#collect) continue;
      const done = upsert(checked, check.program, () => new Set());
      const key = keyOf(check);
      if (done.has(key)) continue;
      done.add(key);
      this.#ask(this.#identified(check, phase));
    }
  }

  #ask(check: Check): void {
    const result = check.program ? this.#run.evaluate(check.program, this.#bindings(check)) : true;
    if (this.#collect) this.#collect.push(checkResult(check, result));
    else if (!isPass(result)) throw permissionDenied([check.etype, check.scope]);
  }

  /** The check with ids in the place of lookups, which by then have to name something. */
  #identified(check: Check, phase: Phase): Check {
    const { eid } = check;
    if (eid === undefined) return check;
    const id = isLookup(eid) ? findByLookup(this.#data, eid) : eid;
    if (id === undefined) {
      throw validationFailed('lookup', eid, [{ message: 'Could not find the entity for this lookup' }]);
    }
    if (phase === 'before') return check;
    const withId = (state: State): State => state && { ...state, id };
    return { ...check, eid: id, data: withId(check.data), newData: withId(check.newData) };
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

/** Equal for checks of one rule that come out the same: of one entity there is one state before and one after. */
function keyOf({ action, etype, eid, data, linkedData, actions, ruleParams }: Check): string {
  const subject = typeof eid === 'string' ? eid : canonicalJson(eid ?? data);
  const link = linkedData ? `${linkedData.etype} ${linkedData.state?.id} ${canonicalJson(actions)}` : '';
  return `${action} ${etype} ${subject} ${link} ${paramsText(ruleParams)}`;
}
