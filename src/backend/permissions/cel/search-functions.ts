import type { Environment } from '@marcbachmann/cel-js';
import { charge } from './meter.ts';

/** How many character comparisons count as a step. */
const COMPARISONS_PER_STEP = 4_096;

/** Functions that search one string in another, with our metered versions. */
export const SEARCHES: ReadonlyMap<string, string> = new Map([
  ['contains', 'countedContains'],
  ['indexOf', 'countedIndexOf'],
  ['lastIndexOf', 'countedLastIndexOf'],
  ['split', 'countedSplit'],
]);

/**
 * Charges a search in advance: for two long, nearly equal strings, a runtime compares each part of one with all of the
 * other, and a visitor may have sent both.
 */
export function chargeSearch(text: string, part: string): void {
  charge(Math.floor((text.length * (part.length + 1)) / COMPARISONS_PER_STEP));
}

/** The searches of CEL's string extension. */
export function addSearchFunctions(environment: Environment): void {
  const add = (signature: string, search: (text: string, part: string, limit?: bigint) => unknown): void => {
    const counted = (text: string, part: string, limit?: bigint): unknown => {
      chargeSearch(text, part);
      return search(text, part, limit);
    };
    environment.registerFunction(`string.${signature}`, counted, { async: false });
  };
  add('countedContains(string): bool', (text, part) => text.includes(part));
  add('countedIndexOf(string): int', (text, part) => BigInt(text.indexOf(part)));
  add('countedIndexOf(string, int): int', (text, part, from) =>
    part === '' ? from : BigInt(text.indexOf(part, placeIn(text, 'indexOf', from))),
  );
  add('countedLastIndexOf(string): int', (text, part) => BigInt(text.lastIndexOf(part)));
  add('countedLastIndexOf(string, int): int', (text, part, from) =>
    part === '' ? from : BigInt(text.lastIndexOf(part, placeIn(text, 'lastIndexOf', from))),
  );
  add('countedSplit(string): list<string>', (text, part) => text.split(part));
  add('countedSplit(string, int): list<string>', split);
}

/** At most `limit` pieces, the last of which holds the rest; all pieces if it is negative. */
function split(text: string, part: string, limit = -1n): string[] {
  const pieces = limit === 0n ? [] : text.split(part);
  const count = Number(limit);
  return limit < 0n || pieces.length <= count
    ? pieces
    : [...pieces.slice(0, count - 1), pieces.slice(count - 1).join(part)];
}

function placeIn(text: string, name: string, from = 0n): number {
  if (from >= 0n && from < BigInt(text.length)) return Number(from);
  throw new RangeError(`${name}(): index ${from} is out of range`);
}
