import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import type { EntityRef } from '../transact/index.ts';
import type { RuleAction } from './cel/environments.ts';
import { type CelValue, fromCel } from './cel/values.ts';
import type { State } from './entity-states.ts';
import type { Program } from './program.ts';
import { isPass } from './rule-run.ts';

/** An entity as a rule sees it. */
export interface Subject {
  readonly e: EntityRef;
  readonly etype: string;
  readonly state: State;
}

/** A rule that a transaction must pass. */
export interface Check {
  readonly scope: 'object' | 'attr';
  readonly action: RuleAction;
  readonly etype: string;
  /** Undefined for an attribute. */
  readonly eid: EntityRef | undefined;
  /** Undefined if it is always allowed. */
  readonly program: Program | undefined;
  readonly data: State;
  readonly newData?: State;
  readonly linkedData?: Subject | undefined;
  readonly actions?: JsonObject;
  readonly ruleParams: JsonObject;
  readonly modifiedFields?: readonly string[];
}

/** The outcome of a rule, in the form of the admin API. */
export interface CheckResult {
  readonly scope: 'object' | 'attr';
  readonly action: RuleAction;
  readonly etype: string;
  readonly eid: JsonValue;
  readonly program: JsonObject;
  readonly bindings: JsonObject;
  readonly 'check-result': JsonValue;
  readonly 'check-pass?': boolean;
}

/** The result of a check in the form of the admin API. */
export function checkResult(check: Check, result: CelValue): CheckResult {
  const { scope, action, etype, eid, program } = check;
  return {
    scope,
    action,
    etype,
    eid: eid ?? null,
    program: program ? describeProgram(program) : { result: true },
    bindings: describeBindings(check),
    'check-result': fromCel(result),
    'check-pass?': isPass(result),
  };
}

/** A rule in the form of the admin API. */
export function describeProgram({ etype, action, code, displayCode }: Program): JsonObject {
  return { etype, action, code, 'display-code': displayCode };
}

function describeBindings(check: Check): JsonObject {
  const { data, newData, linkedData, actions, ruleParams, modifiedFields } = check;
  return {
    data: data ? { ...data } : null,
    ...(newData && { 'new-data': { ...newData } }),
    ...(linkedData && { 'linked-data': { ...linkedData.state }, 'linked-etype': linkedData.etype }),
    ...(actions && { actions }),
    'rule-params': ruleParams,
    ...(modifiedFields && { 'modified-fields': [...modifiedFields] }),
  };
}
