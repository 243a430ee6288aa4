import type { ResolvedConnection } from './connection-config.ts';

/**
 * The name of an option in which `wanted` differs from what is open; undefined for none. Only `given` ones count, since
 * one that is left out changes nothing.
 */
export function differingConnection(
  open: ResolvedConnection,
  wanted: ResolvedConnection,
  given: object,
): string | undefined {
  const names = Object.keys(given).filter((name) => Reflect.get(given, name) !== undefined);
  const name = (names as (keyof ResolvedConnection)[]).find((one) => !isSame(open[one], wanted[one]));
  return name && `connection.${name}`;
}

function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => isSame(Reflect.get(a, name), Reflect.get(b, name)));
}
