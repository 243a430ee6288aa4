/** A test on a character, which may take two code units. */
export type CharTest = (char: string) => boolean;

/** The meaning of `\d`, `\w` and `\s`. */
export const CLASSES: Readonly<Record<string, CharTest>> = {
  d: (char) => char >= '0' && char <= '9',
  w: isWordChar,
  s: (char) => ' \t\n\r\f'.includes(char),
};

/** The meaning of names such as `[:alpha:]`. */
export const POSIX: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  ascii: /\p{ASCII}/u,
  blank: /[\t ]/,
  cntrl: /^(?=\p{ASCII})\p{Cc}/u,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[\t\n\v\f\r ]/,
  upper: /[A-Z]/,
  word: /[0-9A-Za-z_]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** The meaning of escaped letters. */
export const CONTROLS: Readonly<Record<string, string>> = {
  a: '\x07',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Whether a character is part of a word, for `\w` and `\b`. */
export function isWordChar(char: string): boolean {
  return /^[0-9A-Za-z_]$/.test(char);
}
