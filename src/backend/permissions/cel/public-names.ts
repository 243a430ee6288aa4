import { SEARCHES } from './search-functions.ts';
import { TIMESTAMP_GETTERS } from './timestamp-getters.ts';

/**
 * Functions that the evaluator has in another form than Instant, or without counting what they take: calls go to a
 * function of ours.
 */
export const REPLACED: ReadonlyMap<string, string> = new Map([
  ['timestamp', 'instantTimestamp'],
  ['matches', 'linearMatches'],
  ['size', 'knownSize'],
  ...SEARCHES,
  ...TIMESTAMP_GETTERS,
]);

/** The name under which a user knows a function. */
export function publicName(name: string): string {
  for (const [known, ours] of REPLACED) if (ours === name) return known;
  return name;
}

/** What the evaluator says, with the functions' names that a user knows. */
export function withPublicNames(text: string): string {
  return text.replace(/\w+(?=\()/g, publicName);
}
