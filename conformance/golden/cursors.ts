import type { AskOptions, WireCase } from './wire-case.ts';

/** A page of another query, whose cursor a query takes. */
export interface CursorSpec {
  query: unknown;
  etype: string;
  which: 'start-cursor' | 'end-cursor';
}

/** How a case asks, and the cursors that it names. */
export type CursorOptions = AskOptions & { cursors?: Readonly<Record<string, CursorSpec>> | undefined };

/** Fills in the cursors that a query takes from the pages of other queries. */
export async function withCursors(wire: WireCase, options: CursorOptions, query: unknown): Promise<unknown> {
  if (Array.isArray(query)) return Promise.all(query.map((item) => withCursors(wire, options, item)));
  if (typeof query !== 'object' || query === null) return query;
  const [first] = Object.entries(query);
  if (first?.[0] === '$cursor') return cursorOf(wire, options, String(first[1]));
  const entries = Object.entries(query).map(async ([key, value]) => [
    key,
    await withCursors(wire, options, value),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

async function cursorOf(wire: WireCase, options: CursorOptions, name: string): Promise<unknown> {
  const spec = options.cursors?.[name];
  if (!spec) throw new Error(`No cursor "${name}" in this case`);
  const query = await withCursors(wire, options, spec.query);
  const { rawPageInfo } = await wire.answer(query, options);
  return rawPageInfo[spec.etype]?.[spec.which];
}
