import { random } from '../../../../conformance/support/random.ts';

/** Random patterns and texts over a small alphabet. */
export interface RandomPatterns {
  pattern(depth: number): string;
  text(length: number): string;
}

const ATOMS = ['a', 'b', 'c', '.', '[ab]', '[^a]', '\\w', '\\d', '\\b', '^', '$', '1'];
const REPEATS = ['*', '+', '?', '{2}', '{0,2}', '{1,}', '*?'];

export function randomPatterns(seed: number): RandomPatterns {
  const next = random(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const atom = (): string => pick(ATOMS);
  const pattern = (depth: number): string => {
    const kind = depth === 0 ? 0 : Math.floor(next() * 4);
    if (kind === 0) return atom();
    if (kind === 1) return pattern(depth - 1) + pattern(depth - 1);
    if (kind === 2) return `(?:${pattern(depth - 1)}|${pattern(depth - 1)})`;
    return `(?:${pattern(depth - 1)})${pick(REPEATS)}`;
  };
  return {
    pattern,
    text: (length) =>
      Array.from({ length: Math.floor(next() * length) }, () => pick(['a', 'b', 'c', '1', ' ', '\n'])).join(
        '',
      ),
  };
}
