import { type Attr, etypeOf, labelOf } from '../../protocol/attr.ts';
import type { Transaction } from './transaction.ts';

/**
 * An indexed attribute has a triple for every entity of its namespace, so that the index can be read in order and
 * finds the entities without a value: a null triple stands for no value. System attributes have none.
 */
function wantsNulls(attr: Attr): boolean {
  return Boolean(attr['index?']) && attr['value-type'] === 'blob' && attr.catalog === 'user';
}

/** Adds the null triples of entities that were given an id in a namespace. */
export function fillNulls(transaction: Transaction, entities: Iterable<[e: string, etype: string]>): void {
  const { catalog } = transaction.data;
  const wanting = new Map<string, Attr[]>();
  for (const [e, etype] of entities) {
    const attrs = wanting.get(etype) ?? [...catalog.ofEtype(etype)].filter(wantsNulls);
    wanting.set(etype, attrs);
    for (const attr of attrs) fill(transaction, attr, e);
  }
}

/** Adds the null triples of an attribute that has become indexed. */
export function backfillNulls(transaction: Transaction, attr: Attr): void {
  if (!wantsNulls(attr)) return;
  const { catalog, triples } = transaction.data;
  const idAttr = catalog.byForward(etypeOf(attr), 'id');
  if (!idAttr || labelOf(attr) === 'id') return;
  for (const [e] of [...triples.attr(idAttr.id)]) fill(transaction, attr, e);
}

function fill(transaction: Transaction, attr: Attr, e: string): void {
  const { triples } = transaction.data;
  if (triples.entityAttr(e, attr.id).length === 0) triples.add(attr, e, null, transaction.createdAt);
}
