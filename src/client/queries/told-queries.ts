import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import { entitiesIn, querySubject } from './query-subject.ts';

/** The subscribers of one query. */
type Subscribers = readonly { readonly q: object }[];

/** Tells the diagnostics that subscribers get an answer. */
export function tellAnswer(
  diagnostics: Diagnostics,
  hash: string,
  subscribers: Subscribers,
  answer: object,
): void {
  if (subscribers.length === 0) return;
  diagnostics.tell('instant:query', () => ({
    event: 'answer',
    ...querySubject(subscribers[0]?.q, hash),
    entities: entitiesIn(answer),
    subscribers: subscribers.length,
  }));
}

/** Tells the diagnostics that subscribers get an error. */
export function tellFailure(
  diagnostics: Diagnostics,
  hash: string,
  subscribers: Subscribers,
  error: unknown,
): void {
  if (subscribers.length === 0) return;
  diagnostics.tell('instant:query', () => ({
    event: 'failed',
    ...querySubject(subscribers[0]?.q, hash),
    error: diagnostics.errorOf(error),
    subscribers: subscribers.length,
  }));
}
