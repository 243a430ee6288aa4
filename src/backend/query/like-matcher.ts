const ANY_RUN = Symbol('any run');
const ANY_ONE = Symbol('any one');

/** A character of a pattern, or a wildcard. */
type Token = string | typeof ANY_RUN | typeof ANY_ONE;

const ESCAPE = '\\';

/** The prefix that all texts matching the pattern share. */
export function likePrefix(pattern: string): string {
  const end = pattern.search(/[%_\\]/);
  return end < 0 ? pattern : pattern.slice(0, end);
}

/** Uppercases a character if the result is a single one, as case-insensitive regular expressions do. */
function fold(char: string): string {
  const upper = char.toUpperCase();
  return upper.length === 1 ? upper : char;
}

function tokensOf(pattern: string, isEscaping: boolean): Token[] {
  const tokens: Token[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i);
    if (isEscaping && char === ESCAPE && i + 1 < pattern.length) tokens.push(pattern.charAt(++i));
    else if (char !== '%') tokens.push(char === '_' ? ANY_ONE : char);
    else if (tokens.at(-1) !== ANY_RUN) tokens.push(ANY_RUN);
  }
  return tokens;
}

/**
 * Takes quadratic time in the length of the text at worst, however long the pattern; a regular expression would not be
 * bounded like that.
 */
function isMatch(wanted: readonly Token[], text: string, folded: (char: string) => string): boolean {
  // Every token except a run takes one character, and no two runs are adjacent.
  if (text.length < wanted.length >> 1) return false;
  let p = 0;
  let retryPattern = -1;
  let retryText = 0;
  for (let i = 0; i < text.length; ) {
    if (wanted[p] === ANY_RUN) {
      retryPattern = ++p;
      retryText = i;
    } else if (p < wanted.length && (wanted[p] === ANY_ONE || wanted[p] === folded(text.charAt(i)))) {
      p++;
      i++;
    } else if (retryPattern >= 0) {
      p = retryPattern;
      i = ++retryText;
    } else {
      return false;
    }
  }
  while (wanted[p] === ANY_RUN) p++;
  return p === wanted.length;
}

/**
 * A test for SQL's LIKE: `%` matches any run of characters, `_` any single one. As in Postgres, a backslash before one
 * of them makes it literal. Core's client takes the backslash itself literally, and filters results once more, so what
 * core would match is matched too.
 */
export function likeMatcher(pattern: string, caseSensitive: boolean): (text: string) => boolean {
  const folded = caseSensitive ? (char: string) => char : fold;
  const readings = pattern.includes(ESCAPE) ? [true, false] : [false];
  const wanted = readings.map((isEscaping) =>
    tokensOf(pattern, isEscaping).map((token) => (typeof token === 'string' ? folded(token) : token)),
  );
  return (text) => wanted.some((tokens) => isMatch(tokens, text, folded));
}
