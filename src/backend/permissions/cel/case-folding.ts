import type { CharTest } from './char-classes.ts';

/** All characters that have another case, as one string; built when the first pattern ignores case. */
let cased: string | undefined;
const orbits = new Map<string, readonly string[]>();

/** Extends a test to accept a character if it accepts any case of it, as `(?i)` does. */
export function ignoringCase(test: CharTest): CharTest {
  return (char) => test(char) || (isCased(char) && orbitOf(char).some(test));
}

/** All characters that differ from one only in case, by Unicode's simple folding: `k`, `K` and the Kelvin sign. */
function orbitOf(char: string): readonly string[] {
  const known = orbits.get(char);
  if (known) return known;
  cased ??= casedChars();
  const code = char.codePointAt(0)?.toString(16);
  const orbit = cased.match(new RegExp(`\\u{${code}}`, 'giu')) ?? [];
  orbits.set(char, orbit);
  return orbit;
}

function casedChars(): string {
  let text = '';
  for (let code = 0; code < 0x1f000; code++) {
    const char = String.fromCodePoint(code);
    if (isCased(char)) text += char;
  }
  return text;
}

function isCased(char: string): boolean {
  return /^[\p{Changes_When_Casemapped}\p{Changes_When_Casefolded}]$/u.test(char);
}
