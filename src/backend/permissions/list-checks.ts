import { type Attr, etypeOf, labelOf } from '../../protocol/attr.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { type EntityRef, looksLikeLookup, type TxPlan, type TxStep } from '../transact/index.ts';
import { ByEntity, entityKey } from './by-entity.ts';
import type { Check } from './check.ts';
import type { EntityStates, State } from './entity-states.ts';
import { NO_PARAMS, RuleParams } from './rule-params.ts';
import type { Rules } from './rules.ts';

/** Before anything is written, or after everything is. */
export type Phase = 'before' | 'after';

type TripleStep = Extract<TxStep, { a: string }>;

interface Side {
  readonly e: EntityRef;
  readonly etype: string;
  readonly before: State;
  readonly after: State;
  readonly params: JsonObject;
}

/**
 * Lists the rules that a transaction must pass. Existing entities are checked before the write, new ones after it, so
 * that their rules can follow their links.
 */
export class CheckList {
  readonly #rules: Rules;
  readonly #plan: TxPlan;
  readonly #states: EntityStates;
  #params: RuleParams | undefined;
  #modified: ReadonlyMap<string, readonly string[]> | undefined;

  constructor(rules: Rules, plan: TxPlan, states: EntityStates) {
    this.#rules = rules;
    this.#plan = plan;
    this.#states = states;
  }

  /** Whether any rule applies to anything the transaction does. */
  concernsAny(): boolean {
    const attrs = new Set<string>();
    return this.#plan.steps.some((step) => {
      if (step.op === 'add-attr') return this.#rules.program('attrs', 'create') !== undefined;
      if (step.op === 'delete-entity') return this.#rules.program(step.etype ?? '', 'delete') !== undefined;
      if (!('a' in step) || attrs.has(step.a)) return false;
      attrs.add(step.a);
      const attr = this.#plan.attr(step.a);
      return attr !== undefined && this.#concerns(attr);
    });
  }

  #concerns(attr: Attr): boolean {
    const etype = etypeOf(attr);
    const reverse = attr['reverse-identity'];
    const rules = this.#rules;
    const own = rules.program(etype, 'update') ?? rules.program(etype, 'create');
    const viewed = reverse && rules.program(reverse[1], 'view');
    const linked = (['link', 'unlink'] as const).some(
      (action) =>
        rules.linkProgram(etype, action, labelOf(attr)) ??
        (reverse && rules.linkProgram(reverse[1], action, reverse[2])),
    );
    return own !== undefined || viewed !== undefined || linked;
  }

  /** The checks of a phase, in the order of the steps; a check that several steps require may occur several times. */
  *checks(phase: Phase): Iterable<Check> {
    const asked = new ByEntity<true>();
    for (const step of this.#plan.steps) {
      if (step.op === 'add-attr' && phase === 'after') yield this.#createAttr(step.attr);
      else if (step.op === 'delete-entity' && phase === 'before') yield* this.#delete(step);
      else if ('a' in step) yield* this.#triple(step, phase, asked);
    }
  }

  #createAttr(attr: Attr): Check {
    return {
      scope: 'attr',
      action: 'create',
      etype: 'attrs',
      eid: undefined,
      program: this.#rules.program('attrs', 'create'),
      data: attr as unknown as JsonObject,
      ruleParams: NO_PARAMS,
    };
  }

  *#delete({ e, etype }: Extract<TxStep, { op: 'delete-entity' }>): Iterable<Check> {
    if (etype === undefined) return;
    const side = this.#side(this.#states.resolve(e), etype);
    yield {
      scope: 'object',
      action: 'delete',
      etype,
      eid: side.e,
      program: this.#rules.program(etype, 'delete'),
      data: side.before,
      ruleParams: side.params,
    };
  }

  /** `asked` are the entities whose write rule was listed already: it is the same for all their values. */
  *#triple(step: TripleStep, phase: Phase, asked: ByEntity<true>): Iterable<Check> {
    const attr = this.#plan.attr(step.a);
    if (!attr) return;
    const e = this.#states.resolve(step.e);
    const etype = etypeOf(attr);
    const reverse = attr['reverse-identity'];
    if (reverse && step.op !== 'deep-merge-triple') {
      const v = looksLikeLookup(step.v) ? this.#states.resolve(step.v) : String(step.v);
      yield* this.#link(step.op, attr, this.#side(e, etype), this.#side(v, reverse[1]), phase);
    } else if (!asked.has(e, etype)) {
      const own = this.#side(e, etype);
      if (step.op === 'retract-triple' && !own.before) return;
      asked.set(e, etype, true);
      yield* this.#ofWriter(own, phase, own.params);
    }
  }

  /** The rule for writing to an entity: `update`, or `create` for a new one. */
  *#ofWriter(side: Side, phase: Phase, ruleParams: JsonObject): Iterable<Check> {
    if ((side.before === undefined) !== (phase === 'after')) return;
    const action = side.before ? 'update' : 'create';
    yield {
      scope: 'object',
      action,
      etype: side.etype,
      eid: side.e,
      program: this.#rules.program(side.etype, action),
      data: side.before ?? side.after,
      newData: side.after,
      ruleParams,
      modifiedFields: this.#modifiedOf(side.e),
    };
  }

  *#link(
    op: 'add-triple' | 'retract-triple',
    attr: Attr,
    own: Side,
    target: Side,
    phase: Phase,
  ): Iterable<Check> {
    const action = op === 'add-triple' ? 'link' : 'unlink';
    const ownParams = this.#ruleParams().merged(target.params, own.params);
    const targetParams = this.#ruleParams().merged(own.params, target.params);
    const program = this.#rules.linkProgram(own.etype, action, labelOf(attr));
    const reverseLabel = attr['reverse-identity']?.[2] ?? '';
    const reverseProgram = this.#rules.linkProgram(target.etype, action, reverseLabel);
    if (program || reverseProgram) {
      // The holder's rule sees its target as it is in this phase; the target's rule sees its holder as it will be.
      const shown = phase === 'before' ? target.before : target.after;
      if (program) yield* linkCheck(action, program, own, { ...target, after: shown }, ownParams, phase);
      if (reverseProgram) yield* linkCheck(action, reverseProgram, target, own, targetParams, phase);
      return;
    }
    // Removing a link never creates an entity.
    if (action === 'link' || own.before) yield* this.#ofWriter(own, phase, ownParams);
    if (action === 'link' || target.before) yield* this.#viewOf(target, phase, targetParams);
  }

  /** Linking to an entity reveals that it exists, so it must be visible. */
  *#viewOf(side: Side, phase: Phase, ruleParams: JsonObject): Iterable<Check> {
    const state = phase === 'before' ? side.before : createdState(side);
    if (!state) return;
    yield {
      scope: 'object',
      action: 'view',
      etype: side.etype,
      eid: side.e,
      program: this.#rules.program(side.etype, 'view'),
      data: state,
      newData: phase === 'before' ? side.after : state,
      ruleParams,
    };
  }

  #ruleParams(): RuleParams {
    this.#params ??= new RuleParams(this.#plan, this.#states);
    return this.#params;
  }

  #modifiedOf(e: EntityRef): readonly string[] {
    this.#modified ??= modifiedFields(this.#plan, this.#states);
    return this.#modified.get(entityKey(e)) ?? [];
  }

  #side(e: EntityRef, etype: string): Side {
    const before = this.#states.before(e, etype);
    const after = this.#states.after(e, etype);
    return { e, etype, before, after, params: this.#ruleParams().of(e, etype) };
  }
}

function* linkCheck(
  action: 'link' | 'unlink',
  program: Check['program'],
  side: Side,
  other: Side,
  ruleParams: JsonObject,
  phase: Phase,
): Iterable<Check> {
  const state = phase === 'before' ? side.before : createdState(side);
  if (!state || (action === 'unlink' && phase === 'after')) return;
  const linked = action === 'unlink' ? other.before : other.after;
  yield {
    scope: 'object',
    action,
    etype: side.etype,
    eid: side.e,
    program,
    data: state,
    newData: phase === 'before' ? side.after : state,
    linkedData: linked && { e: other.e, etype: other.etype, state: linked },
    ...(action === 'link' && {
      actions: { data: side.before ? 'update' : 'create', linkedData: other.before ? 'update' : 'create' },
    }),
    ruleParams,
  };
}

/** The state of an entity that the transaction creates; undefined for an existing one. */
function createdState(side: Side): State {
  return side.before ? undefined : side.after;
}

/** The labels that the steps write for each entity. */
function modifiedFields(plan: TxPlan, states: EntityStates): Map<string, readonly string[]> {
  const fields = new Map<string, Set<string>>();
  for (const step of plan.steps) {
    if (step.op !== 'add-triple' && step.op !== 'deep-merge-triple') continue;
    const attr = plan.attr(step.a);
    if (!attr || labelOf(attr) === 'id') continue;
    const key = entityKey(states.resolve(step.e));
    const labels = fields.get(key);
    if (labels) labels.add(labelOf(attr));
    else fields.set(key, new Set([labelOf(attr)]));
  }
  return new Map([...fields].map(([key, labels]) => [key, [...labels]]));
}
