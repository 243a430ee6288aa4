import type { QuerySource } from './evaluate-forms.ts';
import type { QueryOutcome } from './outcome.ts';
import { PreparedQuery, type RunOptions } from './prepared-query.ts';

export type { QuerySource } from './evaluate-forms.ts';
export type { FileUrl } from './file-url.ts';
export { type JoinRowsResult, joinRowsResult } from './join-rows.ts';
export { type ObjectTree, objectTree, type TreeObject } from './object-tree.ts';
export type { ChildResult, EntityResult, FormResult, QueryOutcome } from './outcome.ts';
export type { PageInfo, WireCursor } from './page.ts';
export { type FormFilter, PreparedQuery } from './prepared-query.ts';
export { type Proof, proofPruner } from './proof.ts';
export { ReadIndex } from './read-index.ts';
export { trackReads } from './track-reads.ts';

/** Options of a single run of a query. */
export interface QueryOptions extends RunOptions {
  /** Whether the query may contain aggregates. */
  admin: boolean;
}

/**
 * Answers an InstaQL query once. Throws a `ServerError` for a query that the server would refuse; naming something the
 * app does not have is no error, and that part of the answer is empty.
 */
export function runQuery(source: QuerySource, query: unknown, options: QueryOptions): QueryOutcome {
  return new PreparedQuery(query, { admin: options.admin }).run(source, options);
}
