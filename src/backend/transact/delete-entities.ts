import type { Triple } from '../../protocol/attr.ts';
import type { AppData } from '../store/app-data.ts';
import type { Transaction } from './transaction.ts';
import { isLookup, type StepsOf } from './tx-steps.ts';

/**
 * Runs the `delete-entity` steps of a transaction: each removes an entity's values in one namespace, and the links to
 * it there. What the same id has in another namespace stays.
 */
export function deleteEntities({ data }: Transaction, steps: StepsOf<'delete-entity'>[]): void {
  for (const { e, etype } of steps) {
    if (isLookup(e) || etype === undefined) continue;
    for (const triple of [...ownTriples(data, e, etype), ...linksTo(data, e, etype)]) {
      // An entity's link to itself is in both lists.
      if (data.triples.has(triple[0], triple[1], triple[2])) data.triples.remove(triple);
    }
  }
}

function ownTriples({ catalog, triples }: AppData, e: string, etype: string): Triple[] {
  return [...catalog.ofEtype(etype), ...catalog.deletedOfEtype(etype)].flatMap((attr) =>
    triples.entityAttr(e, attr.id),
  );
}

function linksTo({ catalog, triples }: AppData, e: string, etype: string): Triple[] {
  return [...catalog.refsTo(etype), ...catalog.deletedRefsTo(etype)].flatMap((attr) =>
    triples.attrValue(attr.id, e),
  );
}
