import { callSafely } from '../timing/emitter.ts';

/** An answer of a live query, as core's infinite queries read it. */
interface Answer {
  data?: Record<string, unknown[]>;
  pageInfo?: Record<string, unknown> | null;
  error?: object;
}

type Subscribe = (query: object, callback: (answer: Answer) => void, options?: object) => () => void;

/** Says that there is nothing before and behind what is there. */
const ALL_THERE = { startCursor: null, endCursor: null, hasNextPage: false, hasPreviousPage: false };

/**
 * What core's infinite queries are to use as their database. They take for granted that a server says where the page of an
 * answer ends, which it does not for a namespace that nobody has written to; what they throw then would end the process.
 */
export function pagingDatabase(subscribe: Subscribe): { subscribeQuery: Subscribe } {
  return {
    subscribeQuery: (query, callback, options) =>
      subscribe(query, (answer) => callback(answer.error ? answer : withPages(query, answer)), options),
  };
}

/** `callback` for core to call from where it awaits: what it throws surfaces as that of any other callback. */
export function safely<Answer>(callback: (answer: Answer) => void): (answer: Answer) => void {
  return (answer) => callSafely(callback, answer);
}

function withPages(query: object, answer: Answer): Answer {
  const missing = Object.keys(query).filter((name) => !Object.hasOwn(answer.pageInfo ?? {}, name));
  if (missing.length === 0) return answer;
  const pages = Object.fromEntries(missing.map((name) => [name, ALL_THERE]));
  return { ...answer, pageInfo: { ...answer.pageInfo, ...pages } };
}
