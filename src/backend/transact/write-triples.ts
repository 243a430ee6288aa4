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
 * Runs the `add-triple` steps of a transaction. As on the server, lookups are resolved before anything is written: a
 * lookup does not find a value that another of these steps writes.
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

/**
 * Runs the `deep-merge-triple` steps of a transaction: all patches of a value are applied in order, and then written
 * once.
 */
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

/** Groups the steps that merge into the same value. */
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

/** Runs the `retract-triple` steps of a transaction; missing triples are ignored. */
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

/** The effective rows: among those that write the same value of cardinality one, the last. */
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
 * Rows in the server's write order, as far as it is visible: when one entity gives up a unique value that another takes
 * in the same transaction, their ids decide the order.
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

/** The entities that got an id, or already had the one written and changed, with the namespace of the id. */
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
 * An operation that creates an entity by lookup cannot write the lookup attribute again, not even with the same value:
 * the database does not write a row twice in one statement. With cardinality many it is a different row, or the same
 * one and left alone.
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
