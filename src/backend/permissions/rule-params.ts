import { etypeOf } from '../../protocol/attr.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { upsert } from '../store/upsert.ts';
import type { EntityRef, TxPlan } from '../transact/index.ts';
import { ByEntity } from './by-entity.ts';
import type { EntityStates } from './entity-states.ts';

/** What the rules of an entity are handed when the transaction hands them nothing. */
export const NO_PARAMS: JsonObject = {};

/**
 * What the steps of a transaction hand to the rules of each entity. Asked for the same again, it gives the same object:
 * clients decide how large they are, so whatever is made of them is to be made once.
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
      // Without a namespace it is for all of them.
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

  /** Both of them; where they differ, what `stronger` says. */
  merged(weaker: JsonObject, stronger: JsonObject): JsonObject {
    if (weaker === NO_PARAMS) return stronger;
    if (stronger === NO_PARAMS) return weaker;
    const known = upsert(this.#merged, weaker, () => new Map<JsonObject, JsonObject>());
    return upsert(known, stronger, () => ({ ...weaker, ...stronger }));
  }
}

const texts = new WeakMap<JsonObject, string>();

/** A text that is equal for equal params. */
export function paramsText(params: JsonObject): string {
  if (params === NO_PARAMS) return '';
  const text = texts.get(params) ?? canonicalJson(params);
  texts.set(params, text);
  return text;
}

/** The namespaces that a transaction has to do with. */
function etypesOf(plan: TxPlan): Set<string> {
  const etypes = new Set<string>();
  for (const step of plan.steps) {
    const attr = 'a' in step ? plan.attr(step.a) : undefined;
    if (attr) etypes.add(etypeOf(attr)).add(attr['reverse-identity']?.[1] ?? '');
    if (step.op === 'delete-entity' && step.etype !== undefined) etypes.add(step.etype);
  }
  return etypes;
}
