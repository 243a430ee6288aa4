import { ignoringCase } from './case-folding.ts';
import { type CharTest, CLASSES, CONTROLS } from './char-classes.ts';
import { type PatternReader, patternError } from './pattern-reader.ts';
import { unicodeClass } from './unicode-classes.ts';

const INVALID_ESCAPE = 'invalid escape sequence';
const INVALID_RANGE = 'invalid character class range';

/** Reads a class such as `\d`, `\W` or `\p{Greek}`; undefined, reading nothing, if there is none here. */
export function readClassEscape(reader: PatternReader, ignoreCase: boolean): CharTest | undefined {
  if (reader.sees('\\p') || reader.sees('\\P')) return readUnicodeClass(reader, ignoreCase);
  const start = reader.at;
  const letter = reader.take('\\') ? (reader.next() ?? '') : '';
  const known = Object.hasOwn(CLASSES, letter.toLowerCase()) ? CLASSES[letter.toLowerCase()] : undefined;
  if (!known) reader.rewind(start);
  return known && signed(inCase(known, ignoreCase), letter !== letter.toLowerCase());
}

function readUnicodeClass(reader: PatternReader, ignoreCase: boolean): CharTest {
  const start = reader.at;
  reader.take('\\');
  let negated = reader.next() === 'P';
  const braced = reader.take('{');
  const found = braced ? reader.until('}') : reader.next();
  if (found === undefined) {
    reader.rewind(start);
    throw patternError(INVALID_RANGE, reader.takeRest());
  }
  const name = found.replace(/^\^/, '');
  if (name !== found) negated = !negated;
  const test = unicodeClass(name);
  if (!test) throw patternError(INVALID_RANGE, reader.since(start));
  return signed(inCase(test, ignoreCase), negated);
}

/** Reads an escaped character. */
export function readEscapedChar(reader: PatternReader): string {
  const start = reader.at;
  reader.take('\\');
  const char = reader.next();
  if (char === undefined) throw patternError('trailing backslash at end of expression');
  const code = /[0-7]/.test(char) ? octal(reader, char) : char === 'x' ? hexadecimal(reader) : undefined;
  if (code !== undefined) return String.fromCodePoint(code);
  if (Object.hasOwn(CONTROLS, char)) return CONTROLS[char] ?? '';
  if (char <= '\x7f' && !/[0-9A-Za-z]/.test(char)) return char;
  throw patternError(INVALID_ESCAPE, reader.since(start));
}

/** Up to three digits. A single one would be a back-reference, except for 0. */
function octal(reader: PatternReader, first: string): number | undefined {
  const isDigit = (char: string | undefined): char is string => char !== undefined && /[0-7]/.test(char);
  let digits = first;
  while (digits.length < 3) {
    const next = reader.peek();
    if (!isDigit(next)) break;
    digits += next;
    reader.take(next);
  }
  return digits === '0' || digits.length > 1 ? Number.parseInt(digits, 8) : undefined;
}

function hexadecimal(reader: PatternReader): number | undefined {
  const first = reader.next();
  if (first !== '{') {
    const digits = `${first ?? ''}${first === undefined ? '' : (reader.next() ?? '')}`;
    return /^[0-9A-Fa-f]{2}$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
  }
  let digits = '';
  for (let char = reader.next(); char !== '}'; char = reader.next()) {
    if (char === undefined || !/[0-9A-Fa-f]/.test(char)) return undefined;
    digits += char;
    if (Number.parseInt(digits, 16) > 0x10ffff) return undefined;
  }
  return digits === '' ? undefined : Number.parseInt(digits, 16);
}

/** Makes a test ignore case if `(?i)` is on. */
export function inCase(test: CharTest, ignoreCase: boolean): CharTest {
  return ignoreCase ? ignoringCase(test) : test;
}

/** A test, or its negation. */
export function signed(test: CharTest, negated: boolean): CharTest {
  return negated ? (char) => !test(char) : test;
}
