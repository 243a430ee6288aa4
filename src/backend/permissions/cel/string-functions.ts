import type { Environment } from '@marcbachmann/cel-js';
import { charge } from './meter.ts';
import { chargeSearch } from './search-functions.ts';

/** The maximum length of a string that a rule builds. */
const MAX_TEXT = 1_000_000;

/**
 * The functions of CEL's string extension that Instant's server has (so no `format`, `quote`, `reverse`) and the
 * evaluator lacks.
 */
export function addStringFunctions(environment: Environment): void {
  const add = (signature: string, handler: (...args: never[]) => unknown): void => {
    environment.registerFunction(signature, handler, { async: false });
  };
  add('string.charAt(int): string', charAt);
  add('string.replace(string, string): string', (text: string, from: string, to: string) =>
    replace(text, from, to, -1n),
  );
  add('string.replace(string, string, int): string', replace);
  add('string(google.protobuf.Timestamp): string', (time: Date) => time.toISOString());
}

function charAt(text: string, index: bigint): string {
  if (index < 0n || index > BigInt(text.length))
    throw new RangeError(`charAt(): index ${index} is out of range`);
  return text.charAt(Number(index));
}

/** Replaces the first `limit` occurrences; all of them if it is negative. */
function replace(text: string, from: string, to: string, limit: bigint): string {
  chargeSearch(text, from);
  const parts = text.split(from);
  charge(parts.length >> 2);
  const count = limit < 0n ? parts.length - 1 : Math.min(Number(limit), parts.length - 1);
  if (text.length + count * to.length > MAX_TEXT) throw new RangeError('replace(): the result is too long');
  const rest = parts.slice(count).join(from);
  return count === 0 ? rest : [...parts.slice(0, count), rest].join(to);
}
