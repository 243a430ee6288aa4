import type { Attr } from '../../protocol/attr.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';

/** Identifies an entity by the value of one of its attributes. */
export type Lookup = [a: string, v: JsonValue];

/** Identifies an entity by its id or by a lookup. */
export type EntityRef = string | Lookup;

/** Whether the entity of a step must be new, must exist, or may be either. */
export type Mode = 'create' | 'update' | 'upsert';

/** A step about one triple. */
export interface TripleStep<Op extends string = 'add-triple' | 'deep-merge-triple' | 'retract-triple'> {
  op: Op;
  e: EntityRef;
  a: string;
  v: JsonValue;
  mode?: Mode | undefined;
}

/** Deletes an entity from one namespace, or from all of its namespaces if none is given. */
export interface DeleteEntityStep {
  op: 'delete-entity';
  e: EntityRef;
  etype?: string | undefined;
}

/** Passes values to the permission rules of one entity. */
export interface RuleParamsStep {
  op: 'rule-params';
  e: EntityRef;
  etype?: string | undefined;
  params: JsonObject;
}

/** The changes that `update-attr` can make. A cascade that is omitted is removed. */
export type AttrUpdate = { id: string } & Partial<
  Pick<
    Attr,
    | 'forward-identity'
    | 'reverse-identity'
    | 'value-type'
    | 'cardinality'
    | 'unique?'
    | 'index?'
    | 'required?'
    | 'on-delete'
    | 'on-delete-reverse'
  >
>;

/** One validated step of a transaction. */
export type TxStep =
  | TripleStep<'add-triple'>
  | TripleStep<'deep-merge-triple'>
  | TripleStep<'retract-triple'>
  | DeleteEntityStep
  | RuleParamsStep
  | { op: 'add-attr'; attr: Attr }
  | { op: 'update-attr'; update: AttrUpdate }
  | { op: 'delete-attr'; id: string }
  | { op: 'restore-attr'; id: string };

/** The name of a kind of step. */
export type TxOp = TxStep['op'];

/** The steps of one kind. */
export type StepsOf<Op extends TxOp> = Extract<TxStep, { op: Op }>;

/** Whether an entity is identified by a lookup. */
export function isLookup(e: EntityRef): e is Lookup {
  return typeof e !== 'string';
}

/** Whether a value has the shape of a lookup: a pair that starts with an id. */
export function looksLikeLookup(v: unknown): v is Lookup {
  return Array.isArray(v) && v.length === 2 && isUuid(v[0]);
}

/** Whether a step writes or removes a triple. */
export function isTripleStep(
  step: TxStep,
): step is StepsOf<'add-triple' | 'deep-merge-triple' | 'retract-triple'> {
  return step.op === 'add-triple' || step.op === 'deep-merge-triple' || step.op === 'retract-triple';
}

/** Whether a step writes a value of an entity. */
export function isWriteStep(step: TxStep): step is StepsOf<'add-triple' | 'deep-merge-triple'> {
  return step.op === 'add-triple' || step.op === 'deep-merge-triple';
}

/** The step in wire form, for error messages. */
export function toWire(step: TxStep): unknown[] {
  switch (step.op) {
    case 'add-triple':
    case 'deep-merge-triple':
    case 'retract-triple':
      return [step.op, step.e, step.a, step.v, ...(step.mode ? [{ mode: step.mode }] : [])];
    case 'delete-entity':
      return [step.op, step.e, ...(step.etype === undefined ? [] : [step.etype])];
    case 'rule-params':
      return [step.op, step.e, ...(step.etype === undefined ? [] : [step.etype]), step.params];
    case 'add-attr':
      return [step.op, step.attr];
    case 'update-attr':
      return [step.op, step.update];
    case 'delete-attr':
    case 'restore-attr':
      return [step.op, step.id];
  }
}
