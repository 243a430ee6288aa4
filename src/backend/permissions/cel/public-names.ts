import { SEARCHES } from './search-functions.ts';
import { TIMESTAMP_GETTERS } from './timestamp-getters.ts';

/**
 * Functions that the evaluator implements differently from Instant, or without metering: calls are redirected to ours.
 */
export const REPLACED: ReadonlyMap<string, string> = new Map([
  ['timestamp', 'instantTimestamp'],
  ['matches', 'linearMatches'],
  ['size', 'knownSize'],
  ...SEARCHES,
  ...TIMESTAMP_GETTERS,
]);

/** The name of a function as users know it. */
export function publicName(name: string): string {
  for (const [known, ours] of REPLACED) if (ours === name) return known;
  return name;
}

/** An evaluator message with functions renamed to the names users know. */
export function withPublicNames(text: string): string {
  return text.replace(/\w+(?=\()/g, publicName);
}
