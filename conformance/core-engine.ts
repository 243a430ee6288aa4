import runInstaql from '../node_modules/@instantdb/core/dist/esm/instaql.js';
import { AttrsStoreClass, createStore } from '../node_modules/@instantdb/core/dist/esm/store.js';
import type { Attr, Triple } from '../src/protocol/attr.ts';

/** What a page says of itself, by top-level key. */
type PageInfos = Record<string, unknown>;

/** An entity as core's client gives it to the program. */
export interface ClientObject {
  [label: string]: unknown;
}

/** The result of a query as core's client gives it to the program. */
export type ClientResult = Record<string, ClientObject[]>;

/**
 * Runs a query through the official client's own engine over the given triples, as `@instantdb/core` does with what a
 * server sent. Core does not export the engine, so its compiled files are taken by path; its version is pinned.
 */
export function runInCore(
  attrs: readonly Attr[],
  triples: readonly Triple[],
  query: unknown,
  pageInfo?: PageInfos,
  useDateObjects = false,
): ClientResult {
  const byId = Object.fromEntries(attrs.map((attr) => [attr.id, attr]));
  const attrsStore = new AttrsStoreClass(byId as never, null);
  const store = createStore(attrsStore, structuredClone(triples) as never, false, useDateObjects);
  return runInstaql({ store, attrsStore, pageInfo }, query).data as ClientResult;
}
