import { etypeOf } from '../../protocol/attr.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { upsert } from '../store/upsert.ts';
import type { EntityRef, TxPlan } from '../transact/index.ts';
import { ByEntity } from './by-entity.ts';
import type { EntityStates } from './entity-states.ts';

/** The rule params of an entity for which the transaction passes none. */
export const NO_PARAMS: JsonObject = {};

/**
 * The rule params that the steps of a transaction pass to the rules of each entity. The same input returns the same
 * object: clients decide how large params are, so nothing is derived from them twice.
 */
export class RuleParams {
  readonly #handed = new ByEntity<Map<string, JsonValue | undefined>>();
  readonly #byEntity = new ByEntity<JsonObject>();
  readonly #merged = new Map<JsonObject, Map<JsonObject, JsonObject>>();

  constructor(plan: TxPlan, states: EntityStates) {
    const etypes = etypesOf(plan);
    for (const step of plan.steps) {
      if (step.op !== 'rule-params') continue;
      const e = states.resolve(step.e);
      // Without a namespace they apply to all of them.
      for (const etype of step.etype === undefined ? etypes : [step.etype]) {
        const params = this.#handed.get(e, etype) ?? new Map();
        for (const [name, value] of Object.entries(step.params)) params.set(name, value);
        this.#handed.set(e, etype, params);
      }
    }
  }

  of(e: EntityRef, etype: string): JsonObject {
    const known = this.#byEntity.get(e, etype);
    if (known) return known;
    const handed = this.#handed.get(e, etype);
    const params = handed ? Object.fromEntries(handed) : NO_PARAMS;
    this.#byEntity.set(e, etype, params);
    return params;
  }

  /** The two combined; `stronger` wins where they differ. */
  merged(weaker: JsonObject, stronger: JsonObject): JsonObject {
    if (weaker === NO_PARAMS) return stronger;
    if (stronger === NO_PARAMS) return weaker;
    const known = upsert(this.#merged, weaker, () => new Map<JsonObject, JsonObject>());
    return upsert(known, stronger, () => ({ ...weaker, ...stronger }));
  }
}

const texts = new WeakMap<JsonObject, string>();

/** A text that is equal for equal params, cached per object. */
export function paramsText(params: JsonObject): string {
  if (params === NO_PARAMS) return '';
  const text = texts.get(params) ?? canonicalJson(params);
  texts.set(params, text);
  return text;
}

/** The namespaces that a transaction touches. */
function etypesOf(plan: TxPlan): Set<string> {
  const etypes = new Set<string>();
  for (const step of plan.steps) {
    const attr = 'a' in step ? plan.attr(step.a) : undefined;
    if (attr) etypes.add(etypeOf(attr)).add(attr['reverse-identity']?.[1] ?? '');
    if (step.op === 'delete-entity' && step.etype !== undefined) etypes.add(step.etype);
  }
  return etypes;
}
