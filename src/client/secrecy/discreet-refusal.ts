import { isObject } from '../../protocol/json.ts';

/**
 * A refusal of the server without secrets. A server repeats what it refuses, the tokens of an `init` among it, and core
 * tells that to callbacks, in errors, and on the console.
 */
export function discreetRefusal(
  refusal: Record<string, unknown>,
  withoutSecrets: <T>(value: T) => T,
): Record<string, unknown> {
  const shown = withoutSecrets(refusal);
  const { 'original-event': said } = refusal;
  // Core finds the subscribers by the query, to the letter.
  if (shown === refusal || !isObject(said) || !('q' in said)) return shown;
  return { ...shown, 'original-event': { ...(shown['original-event'] as object), q: said.q } };
}
