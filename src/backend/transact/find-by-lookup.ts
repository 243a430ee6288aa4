import type { AppData } from '../store/app-data.ts';
import type { Lookup } from './tx-steps.ts';

/** The entity that a lookup finds in `data`, if any. Only unique attributes can identify entities. */
export function findByLookup(data: AppData, [a, v]: Lookup): string | undefined {
  if (v === null || !data.catalog.byId(a)?.['unique?']) return undefined;
  return data.triples.attrValue(a, v)[0]?.[0];
}

/**
 * The entity that a lookup finds in `data` when something is to be removed from it: here the server does not require a
 * unique attribute, as long as only one entity has the value.
 */
export function findHolder({ triples }: AppData, [a, v]: Lookup): string | undefined {
  const [first, ...more] = triples.attrValue(a, v);
  return more.length === 0 ? first?.[0] : undefined;
}
