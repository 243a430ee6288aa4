import { type CharTest, POSIX } from './char-classes.ts';
import { inCase, readClassEscape, readEscapedChar, signed } from './pattern-escapes.ts';
import { type PatternReader, patternError } from './pattern-reader.ts';

const INVALID_RANGE = 'invalid character class range';

/** Reads a character set, starting at its opening bracket. */
export function readSet(reader: PatternReader, ignoreCase: boolean): CharTest {
  const start = reader.at;
  reader.take('[');
  const negated = reader.take('^');
  const tests: CharTest[] = [];
  do {
    tests.push(
      readPosix(reader, ignoreCase) ??
        readClassEscape(reader, ignoreCase) ??
        inCase(readRange(reader, start), ignoreCase),
    );
  } while (!reader.take(']'));
  return signed((char) => tests.some((test) => test(char)), negated);
}

/** A named class, such as `[:alpha:]`. */
function readPosix(reader: PatternReader, ignoreCase: boolean): CharTest | undefined {
  const start = reader.at;
  if (!reader.take('[:')) return undefined;
  const name = reader.until(':]');
  if (name === undefined) {
    reader.rewind(start);
    return undefined;
  }
  const known = name.replace(/^\^/, '');
  const test = Object.hasOwn(POSIX, known) ? POSIX[known] : undefined;
  if (!test) throw patternError(INVALID_RANGE, reader.since(start));
  return signed(
    inCase((char) => test.test(char), ignoreCase),
    known !== name,
  );
}

/** A character, or a range of characters. */
function readRange(reader: PatternReader, setStart: number): CharTest {
  const start = reader.at;
  const low = readChar(reader, setStart);
  if (!reader.sees('-') || reader.sees('-]')) return (char) => char === low;
  reader.take('-');
  const high = readChar(reader, setStart);
  const [from, to] = [codeOf(low), codeOf(high)];
  if (to < from) throw patternError(INVALID_RANGE, reader.since(start));
  return (char) => codeOf(char) >= from && codeOf(char) <= to;
}

function readChar(reader: PatternReader, setStart: number): string {
  if (reader.sees('\\')) return readEscapedChar(reader);
  const char = reader.next();
  if (char === undefined) throw patternError('missing closing ]', reader.since(setStart));
  return char;
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? -1;
}
