import { evaluateForms, type QuerySource } from './evaluate-forms.ts';
import type { FileUrl } from './file-url.ts';
import { type FormResult, gatherOutcome, type QueryOutcome } from './outcome.ts';
import { parseQuery } from './parse-query.ts';
import { planQuery } from './plan-query.ts';

export type { QuerySource } from './evaluate-forms.ts';
export type { FileUrl } from './file-url.ts';
export { type JoinRowsResult, joinRowsResult } from './join-rows.ts';
export { type ObjectTree, objectTree, type TreeObject } from './object-tree.ts';
export type { ChildResult, EntityResult, FormResult, QueryOutcome } from './outcome.ts';
export type { PageInfo, WireCursor } from './page.ts';
export { type Proof, proofPruner } from './proof.ts';
export { ReadIndex } from './read-index.ts';
export { trackReads } from './track-reads.ts';

/** Leaves what may be sent of the results of the forms of a query; `ruleParams` are those of the query. */
export type FormFilter = (
  forms: readonly FormResult[],
  ruleParams: QueryOutcome['ruleParams'],
) => readonly FormResult[];

/** How a query is run. */
export interface QueryOptions {
  /** Whether the query may ask for aggregates. */
  admin: boolean;
  /** Gives the addresses of files; without it, files are sent without `url`. */
  fileUrl?: FileUrl;
  /** Leaves out what may not be seen. Pages are cut, and counted, before. */
  filter?: FormFilter | undefined;
}

/**
 * Answers an InstaQL query. Throws a `ServerError` for a query that the server would refuse; what the query names and
 * the app does not have is no error, its part of the answer is empty.
 */
export function runQuery(source: QuerySource, query: unknown, options: QueryOptions): QueryOutcome {
  const parsed = parseQuery(query);
  const plans = planQuery({ catalog: source.catalog, query, admin: options.admin }, parsed);
  const forms = evaluateForms(source, plans, options.fileUrl);
  const sent = options.filter?.(forms, parsed.ruleParams) ?? forms;
  return gatherOutcome(sent, { ruleParams: parsed.ruleParams, catalog: source.catalog });
}
