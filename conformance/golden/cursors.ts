import type { WireAnswer } from './wire-case.ts';

/** Asks a query in the app of a case. Throws a `WireRefusal` when the query is refused. */
export type Ask = (query: unknown) => Promise<WireAnswer>;

/** The cursors that a case names: each of a page of another query. */
export type Cursors = Readonly<
  Record<string, { query: unknown; etype: string; which: 'start-cursor' | 'end-cursor' }>
>;

/** Fills in the cursors that a query takes from the pages of other queries, which may take some themselves. */
export async function withCursors(cursors: Cursors | undefined, query: unknown, ask: Ask): Promise<unknown> {
  if (Array.isArray(query)) return Promise.all(query.map((item) => withCursors(cursors, item, ask)));
  if (typeof query !== 'object' || query === null) return query;
  const entries = Object.entries(query);
  if (entries[0]?.[0] === '$cursor') return cursorOf(cursors, String(entries[0][1]), ask);
  const filled = entries.map(async ([key, value]) => [key, await withCursors(cursors, value, ask)]);
  return Object.fromEntries(await Promise.all(filled));
}

async function cursorOf(cursors: Cursors | undefined, name: string, ask: Ask): Promise<unknown> {
  const spec = cursors?.[name];
  if (!spec) throw new Error(`No cursor "${name}" in this case`);
  const { rawPageInfo } = await ask(await withCursors(cursors, spec.query, ask));
  const cursor = rawPageInfo[spec.etype]?.[spec.which];
  // The server takes none for the start, which would be another query than the case has in mind.
  if (!Array.isArray(cursor)) throw new Error(`The page of cursor "${name}" has no ${spec.which}`);
  return cursor;
}
