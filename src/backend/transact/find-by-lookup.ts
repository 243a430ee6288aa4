import type { AppData } from '../store/app-data.ts';
import type { Lookup } from './tx-steps.ts';

/** The entity that a lookup names in `data`, if there is one. Only unique attributes can name entities. */
export function findByLookup(data: AppData, [a, v]: Lookup): string | undefined {
  if (v === null || !data.catalog.byId(a)?.['unique?']) return undefined;
  return data.triples.attrValue(a, v)[0]?.[0];
}

/**
 * The entity that a lookup names in `data`, where something is to be taken from it: there the server does not ask for
 * a unique attribute, as long as one entity alone has the value.
 */
export function findHolder({ triples }: AppData, [a, v]: Lookup): string | undefined {
  const [first, ...more] = triples.attrValue(a, v);
  return more.length === 0 ? first?.[0] : undefined;
}
