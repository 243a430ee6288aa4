import type { Attr, Triple } from '../../protocol/attr.ts';
import { canonicalJson } from '../../protocol/json.ts';
import type { AppData } from '../store/app-data.ts';
import type { DataSet } from './data-set.ts';

/**
 * Makes an app's content exactly match a data set. What already matches is left alone, so that only differences are
 * recorded as changes. Must run in a transaction of the undo log.
 */
export function replaceContent(data: AppData, { attrs, triples }: DataSet): void {
  const { catalog, triples: store } = data;
  const missing = new Map(triples.map((triple) => [keyOf(triple), triple]));
  for (const attr of [...catalog.list(), ...catalog.deleted()]) {
    for (const triple of [...store.attr(attr.id)]) {
      const key = keyOf(triple);
      if (missing.get(key)?.[3] === triple[3]) missing.delete(key);
      else store.remove(triple);
    }
  }
  replaceAttrs(data, attrs);
  for (const triple of missing.values()) store.load(triple);
}

// All removals come before all additions: two attributes may have swapped their names.
function replaceAttrs({ catalog, triples }: AppData, wanted: readonly Attr[]): void {
  const missing = new Map(wanted.map((attr) => [attr.id, attr]));
  for (const attr of [...catalog.list(), ...catalog.deleted()]) {
    if (attr.catalog === 'system') continue;
    if (canonicalJson(missing.get(attr.id)) === canonicalJson(attr)) missing.delete(attr.id);
    else catalog.delete(attr.id);
  }
  for (const attr of missing.values()) {
    catalog.put(attr);
    triples.reindex(attr);
  }
}

function keyOf([e, a, v]: Triple): string {
  return `${a} ${e} ${canonicalJson(v)}`;
}
