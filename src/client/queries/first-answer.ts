import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import { entitiesIn, querySubject } from './query-subject.ts';

/** What a subscriber is called with: an answer, or why there is none. */
type Callback = (answer: object) => void;

/**
 * Traces a subscription until its first answer. `subscribe` is core's way to subscribe; it gets the callback to use and
 * a function to tell the query's hash with, once that is known. Returns what unsubscribes.
 */
export function tracingFirstAnswer(
  diagnostics: Diagnostics,
  query: unknown,
  callback: Callback,
  subscribe: (callback: Callback, hashed: (hash: string) => void) => () => void,
): () => void {
  return diagnostics.within(
    'instant:first-answer',
    () => querySubject(query),
    (ongoing) => {
      if (!ongoing) return subscribe(callback, () => {});
      const { trace } = ongoing;
      const traced: Callback = (answer) => {
        if (!ongoing.isOver) {
          const error = 'error' in answer ? answer.error : undefined;
          if (!error) trace.entities = entitiesIn(answer);
          ongoing.over(error ? diagnostics.errorOf(error) : undefined);
        }
        callback(answer);
      };
      const unsubscribe = subscribe(traced, (hash) => {
        trace.hash = hash;
      });
      return () => {
        if (!ongoing.isOver) trace.isLeft = true;
        ongoing.over();
        unsubscribe();
      };
    },
  );
}
