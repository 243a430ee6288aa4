import { isObject } from '../../protocol/json.ts';

/**
 * A refusal by the server without secrets. A server repeats what it refuses, including the tokens of an `init`, and
 * core passes that to callbacks, into errors, and to the console.
 */
export function discreetRefusal(
  refusal: Record<string, unknown>,
  withoutSecrets: <T>(value: T) => T,
): Record<string, unknown> {
  const shown = withoutSecrets(refusal);
  const { 'original-event': said } = refusal;
  // Core finds the subscribers by the exact query.
  if (shown === refusal || !isObject(said) || !('q' in said)) return shown;
  return { ...shown, 'original-event': { ...(shown['original-event'] as object), q: said.q } };
}
