import { type Attr, etypeOf, labelOf } from '../../protocol/attr.ts';
import type { AppData } from '../store/app-data.ts';
import type { Transaction } from './transaction.ts';

/**
 * An indexed attribute has a triple for every entity of its namespace, with null for no value, so that the index can be
 * read in order and includes entities without a value. System attributes have no such triples.
 */
function wantsNulls(attr: Attr): boolean {
  return Boolean(attr['index?']) && attr['value-type'] === 'blob' && attr.catalog === 'user';
}

/** Adds the null triples of entities that got an id in a namespace. */
export function fillNulls(transaction: Transaction, entities: Iterable<[e: string, etype: string]>): void {
  const { catalog } = transaction.data;
  const wanting = new Map<string, Attr[]>();
  for (const [e, etype] of entities) {
    const attrs = wanting.get(etype) ?? [...catalog.ofEtype(etype)].filter(wantsNulls);
    wanting.set(etype, attrs);
    for (const attr of attrs) fill(transaction, attr, e);
  }
}

/** Adds the null triples of a new attribute, if the namespace's ids are the app's own. */
export function backfillNulls(transaction: Transaction, attr: Attr): void {
  const idAttr = transaction.data.catalog.byForward(etypeOf(attr), 'id');
  if (idAttr?.catalog !== 'user') return;
  for (const e of entitiesWithoutNulls(transaction.data, attr)) fill(transaction, attr, e);
}

/** The entities of its namespace for which an indexed attribute lacks a null triple. */
export function entitiesWithoutNulls({ catalog, triples }: AppData, attr: Attr): string[] {
  const idAttr = catalog.byForward(etypeOf(attr), 'id');
  if (!wantsNulls(attr) || !idAttr || labelOf(attr) === 'id') return [];
  const entities = [...triples.attr(idAttr.id)].map(([e]) => e);
  return entities.filter((e) => triples.entityAttr(e, attr.id).length === 0);
}

function fill(transaction: Transaction, attr: Attr, e: string): void {
  const { triples } = transaction.data;
  if (triples.entityAttr(e, attr.id).length === 0) triples.add(attr, e, null, transaction.createdAt);
}
