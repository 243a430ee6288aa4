import type { Triple } from '../../protocol/attr.ts';
import type { QueryOutcome } from './outcome.ts';
import type { PageInfo } from './page.ts';

/**
 * The answer to a query as sessions send it: the `result` of `add-query-ok` and the `instaql-result` of `refresh-ok`.
 */
export type JoinRowsResult = [
  {
    data: {
      'datalog-result': { 'join-rows': [Triple[]] };
      'page-info'?: Record<string, PageInfo>;
      aggregate?: Record<string, { count: number }>;
    };
    'child-nodes': [];
  },
];

/** Converts an outcome to wire form: one join row with every distinct triple. */
export function joinRowsResult(outcome: QueryOutcome): JoinRowsResult {
  const data: JoinRowsResult[0]['data'] = { 'datalog-result': { 'join-rows': [outcome.triples] } };
  if (Object.keys(outcome.pageInfo).length > 0) data['page-info'] = outcome.pageInfo;
  if (Object.keys(outcome.aggregate).length > 0) data.aggregate = outcome.aggregate;
  return [{ data, 'child-nodes': [] }];
}
