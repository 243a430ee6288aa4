import type { RuledData } from '../permissions/index.ts';
import { joinRowsResult, objectTree, PreparedQuery, type QueryOutcome, trackReads } from '../query/index.ts';
import type { ReadSet } from '../store/reader.ts';
import type { Answer, QueryRequest } from './live-query.ts';

/** The outcome of a query, and what was read to compute it. */
export interface Evaluation {
  readonly answer: Answer;
  readonly reads: ReadSet;
}

/**
 * Runs a query. Never throws: a failure is an answer too, and the reads up to it say when to try again. Pass `prepared`
 * when running the same query more than once.
 */
export function answerQuery(
  { data, permissions }: RuledData,
  { q, returnType, inference = false, actor }: QueryRequest,
  prepared: PreparedQuery = new PreparedQuery(q, actor),
): Evaluation {
  const { reader, reads } = trackReads(data.triples);
  const started = performance.now();
  try {
    const source = { catalog: data.catalog, reader };
    const filter = permissions.filterFor(source, actor);
    const outcome = prepared.run(source, { filter, fileUrl: data.fileUrl });
    const { result, meta } = returnType === 'tree' ? tree(outcome, inference) : joinRows(outcome);
    return { answer: { is: 'result', result, meta, ms: performance.now() - started }, reads };
  } catch (error) {
    return { answer: { is: 'failure', error, text: String(error) }, reads };
  }
}

interface Texts {
  result: string;
  meta: string;
}

function joinRows(outcome: QueryOutcome): Texts {
  return { result: JSON.stringify(joinRowsResult(outcome)), meta: 'null' };
}

function tree(outcome: QueryOutcome, inference: boolean): Texts {
  return {
    result: JSON.stringify(objectTree(outcome, { inference })),
    meta: JSON.stringify({ 'page-info': outcome.pageInfo, aggregate: outcome.aggregate }),
  };
}
