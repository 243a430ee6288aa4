import { type Attr, etypeOf, labelOf } from '../../protocol/attr.ts';
import { validationFailed } from '../../protocol/error.ts';
import { canonicalJson, type JsonValue } from '../../protocol/json.ts';
import { InferredTypes } from './inferred-types.ts';
import { raised } from './issue.ts';
import { mergePatches } from './merge-patches.ts';
import { fillNulls } from './null-triples.ts';
import type { Transaction } from './transaction.ts';
import { type EntityRef, isLookup, type StepsOf } from './tx-steps.ts';

interface Row {
  attr: Attr;
  e: string;
  v: JsonValue;
}

/**
 * Runs the `add-triple` steps of a transaction. Lookups are resolved before anything is written, as the server does
 * it: a value that one of these steps writes is not found by a lookup in another.
 */
export function addTriples(transaction: Transaction, steps: StepsOf<'add-triple'>[]): void {
  for (const step of steps) transaction.lookups.write(step.e);
  const rows = steps.map(
    (step): Row => ({
      attr: transaction.attr(step.a),
      e: transaction.lookups.write(step.e),
      v: transaction.lookups.writeValue(step.a, step.v),
    }),
  );
  const changed = new Set<string>();
  for (const row of inWriteOrder(lastWins(rows))) {
    checkLookupRename(transaction, row);
    if (transaction.put(row.attr, row.e, row.v)) changed.add(row.e);
  }
  fillNulls(transaction, identified(transaction, rows, changed));
  growInferredTypes(transaction, steps);
}

/** Runs the `deep-merge-triple` steps of a transaction: the patches of one value in order, then one write. */
export function deepMergeTriples(transaction: Transaction, steps: StepsOf<'deep-merge-triple'>[]): void {
  for (const { e: ref, a, patches } of patchesByValue(steps)) {
    const attr = transaction.attr(a);
    if (attr['value-type'] === 'ref') throw raised('merge operation is not supported for links');
    const e = transaction.lookups.write(ref);
    const stored = transaction.data.triples.entityAttr(e, a)[0]?.[2];
    const v = mergePatches(stored, patches);
    checkLookupRename(transaction, { attr, e, v });
    transaction.put(attr, e, v);
  }
  growInferredTypes(transaction, steps);
}

/** The patches of one value, in order. */
export interface Patches {
  readonly e: EntityRef;
  readonly a: string;
  readonly patches: JsonValue[];
}

/** Gathers the steps that merge into the same value. */
export function patchesByValue(steps: readonly StepsOf<'deep-merge-triple'>[]): Iterable<Patches> {
  const byValue = new Map<string, Patches>();
  for (const { e, a, v } of steps) {
    const key = `${a}${isLookup(e) ? canonicalJson(e) : e}`;
    const group = byValue.get(key);
    if (group) group.patches.push(v);
    else byValue.set(key, { e, a, patches: [v] });
  }
  return byValue.values();
}

/** Runs the `retract-triple` steps of a transaction: what is not there is left alone. */
export function retractTriples(transaction: Transaction, steps: StepsOf<'retract-triple'>[]): void {
  const { triples } = transaction.data;
  for (const step of steps) {
    const e = transaction.lookups.read(step.e);
    const v = transaction.lookups.readValue(step.a, step.v);
    if (e === undefined || v === undefined) continue;
    const stored = triples.find(e, step.a, v);
    if (stored) triples.remove(stored);
  }
}

/** The rows that count: of those that write the same value of cardinality one, the last. */
function lastWins(rows: Row[]): Row[] {
  const last = new Map<Attr, Map<string, Row>>();
  for (const row of rows) {
    const ofAttr = last.get(row.attr);
    if (ofAttr) ofAttr.set(row.e, row);
    else last.set(row.attr, new Map([[row.e, row]]));
  }
  return rows.filter((row) => row.attr.cardinality === 'many' || last.get(row.attr)?.get(row.e) === row);
}

/**
 * Rows in the order in which the server writes them, as far as that shows: of a unique value that one entity gives up
 * and another takes in one transaction, by the ids of the two.
 */
function inWriteOrder(rows: Row[]): Row[] {
  const isUnique = ({ attr }: Row): boolean => attr['unique?'] === true && labelOf(attr) !== 'id';
  const unique = rows.filter(isUnique);
  if (unique.length < 2) return rows;
  return [
    ...unique.sort((a, b) => (a.e < b.e ? -1 : a.e > b.e ? 1 : 0)),
    ...rows.filter((row) => !isUnique(row)),
  ];
}

/** The entities that got an id, and those that have had one and changed, with the namespace of the id. */
function* identified(
  transaction: Transaction,
  rows: Row[],
  changed: ReadonlySet<string>,
): Iterable<[e: string, etype: string]> {
  for (const { attr, e } of rows) {
    const creator = transaction.lookups.creatorOf(e);
    const idAttr = labelOf(attr) === 'id' ? attr : creator && transaction.attr(creator[0]);
    if (!idAttr || labelOf(idAttr) !== 'id') continue;
    if (creator || changed.has(e)) yield [e, etypeOf(idAttr)];
  }
}

/**
 * What an entity is looked up by cannot be written in the operation that creates it, not even once more: the database
 * does not write a row twice in one statement. With cardinality many it is another row, or the same one and left alone.
 */
function checkLookupRename(transaction: Transaction, { attr, e }: Row): void {
  const creator = transaction.lookups.creatorOf(e);
  if (creator?.[0] !== attr.id || attr.cardinality === 'many') return;
  const message =
    'Updates with lookups can only update the lookup attribute if an entity with the unique attribute value already exists.';
  throw validationFailed('lookup', [creator], [{ message }]);
}

function growInferredTypes(
  transaction: Transaction,
  steps: StepsOf<'add-triple' | 'deep-merge-triple'>[],
): void {
  const types = new InferredTypes();
  for (const { a, v } of steps) types.see(a, v);
  types.save(transaction.data.catalog);
}
