import { callSafely } from '../timing/emitter.ts';

/** An answer of a live query, as core's infinite queries read it. */
interface Answer {
  data?: Record<string, unknown[]>;
  pageInfo?: Record<string, unknown> | null;
  error?: object;
}

type Subscribe = (query: object, callback: (answer: Answer) => void, options?: object) => () => void;

/** The page info of an answer that is all there is. */
const ALL_THERE = { startCursor: null, endCursor: null, hasNextPage: false, hasPreviousPage: false };

/**
 * The database that core's infinite queries use. They take for granted that the server sends page info with an answer,
 * which it does not for a namespace that was never written to; what they throw then would end the process.
 */
export function pagingDatabase(subscribe: Subscribe): { subscribeQuery: Subscribe } {
  return {
    subscribeQuery: (query, callback, options) =>
      subscribe(query, (answer) => callback(answer.error ? answer : withPages(query, answer)), options),
  };
}

/**
 * Wraps `callback` for core to call from an async function: what it throws surfaces as it does from any other callback.
 */
export function safely<Answer>(callback: (answer: Answer) => void): (answer: Answer) => void {
  return (answer) => callSafely(callback, answer);
}

function withPages(query: object, answer: Answer): Answer {
  const missing = Object.keys(query).filter((name) => !Object.hasOwn(answer.pageInfo ?? {}, name));
  if (missing.length === 0) return answer;
  const pages = Object.fromEntries(missing.map((name) => [name, ALL_THERE]));
  return { ...answer, pageInfo: { ...answer.pageInfo, ...pages } };
}
