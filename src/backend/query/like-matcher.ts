const ANY_RUN = '%';
const ANY_ONE = '_';

/** The text that everything begins with that the pattern stands for. */
export function likePrefix(pattern: string): string {
  const end = pattern.search(/[%_]/);
  return end < 0 ? pattern : pattern.slice(0, end);
}

/** Upper case where that is one character, as a case-insensitive regular expression folds. */
function fold(char: string): string {
  const upper = char.toUpperCase();
  return upper.length === 1 ? upper : char;
}

/**
 * A test for SQL's LIKE: `%` stands for any run of characters, `_` for one. It takes time proportional to the square of
 * the text at worst, however long the pattern is: a regular expression made of it would not.
 */
export function likeMatcher(pattern: string, caseSensitive: boolean): (text: string) => boolean {
  const runs = pattern.replace(/%+/g, ANY_RUN);
  const least = runs.replaceAll(ANY_RUN, '').length;
  let split: readonly string[] | undefined;
  return (text) => {
    if (text.length < least) return false;
    split ??= caseSensitive ? runs.split('') : runs.split('').map(fold);
    const wanted = split;
    let p = 0;
    let retryPattern = -1;
    let retryText = 0;
    for (let i = 0; i < text.length; ) {
      const char = caseSensitive ? text.charAt(i) : fold(text.charAt(i));
      if (wanted[p] === ANY_RUN) {
        retryPattern = ++p;
        retryText = i;
      } else if (p < wanted.length && (wanted[p] === ANY_ONE || wanted[p] === char)) {
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
  };
}
