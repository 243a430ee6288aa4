import { isObject } from '../../protocol/json.ts';
import { runQuery } from '../core-internals/query-engine.ts';
import { ownNames } from '../schema/own-names.ts';
import type { Stores } from './store.ts';

/** The result of a query, as core's engine returns it. */
export interface Found {
  data: Record<string, unknown[]>;
  pageInfo?: unknown;
  aggregate?: unknown;
}

/** What a query is evaluated over. */
export interface Answered extends Stores {
  pageInfo?: object | null | undefined;
  aggregate?: object | null | undefined;
}

/** Runs a query through core's engine. */
export function evaluate(query: object, { pageInfo, aggregate, ...stores }: Answered): Found {
  const result = { ...stores, pageInfo: ownNames(pageInfo), aggregate: ownNames(aggregate) };
  const found = runQuery(query, result) as Found;
  // As the server sent it: the copy without a prototype is only for the engine.
  return isObject(found.aggregate) ? { ...found, aggregate } : found;
}
