import { random } from '../../../../conformance/support/random.ts';

/** Random fragments of regular expressions, combined whether or not they fit, and texts for them. */
export interface Re2Patterns {
  pattern(): string;
  text(): string;
}

const PIECES = [
  ...'abcA1_ .^$|(())*+?{}[[]-éßſKσςΣ😀\n\0İı',
  ...['*?', '++', '??', 'a**', '{2}', '{0,2}', '{1,}', '{,2}', '{2,1}', '{0}', '{02}', '{1001}', '{30}'],
  ...['[^', '[a-c]', '[^b]', '[]a]', '[a-]', '[-a]', '[a\\-c]', '[\\d_]', '[\\W]', '[\\d-z]', '[a-\\d]'],
  ...['[[:alpha:]]', '[[:^digit:]]', '[:alpha:]', '[[:nope:]]', '[[:a', '[\\b]', '[^\\pL]', '[σ-ω]'],
  ...['\\b', '\\B', '\\A', '\\z', '\\Z', '\\d', '\\D', '\\w', '\\W', '\\s', '\\S', '\\C', '\\G', '\\'],
  ...[
    '\\pL',
    '\\pN',
    '\\p{Lu}',
    '\\P{Greek}',
    '\\p{^L}',
    '\\P{^Lu}',
    '\\p{Any}',
    '\\p{Nope}',
    '\\p{Letter}',
    '\\p',
  ],
  ...['\\0', '\\00', '\\012', '\\1', '\\12', '\\777', '\\8', '\\x41', '\\x{61}', '\\x{0000000061}', '\\x{}'],
  ...[
    '\\x{110000}',
    '\\x4',
    '\\n',
    '\\t',
    '\\v',
    '\\a',
    '\\f',
    '\\e',
    '\\c',
    '\\.',
    '\\-',
    '\\_',
    '\\"',
    '\\é',
  ],
  ...[
    '\\Q',
    '\\E',
    '\\Qa*\\E',
    '(?:',
    '(?:)',
    '(?i)',
    '(?i',
    '(?s)',
    '(?m)',
    '(?-i)',
    '(?i-s:',
    '(?U)',
    '(?ims)',
  ],
  ...[
    '(?x)',
    '(?',
    '(?)',
    '(?-)',
    '(?i-)',
    '(?P<n>',
    '(?P<n',
    '(?<n>',
    '(?<m>',
    '(?<>',
    '(?=',
    '(?!',
    '(?<=',
    '(?P=n)',
  ],
];
const CHARS = [...'abcABiIkKsS12_ \n\0\t\v-*.{}[],:éÉßẞſKσςΣ😀İı'];

export function re2Patterns(seed: number): Re2Patterns {
  const next = random(seed);
  const pick = (list: readonly string[]): string => list[Math.floor(next() * list.length)] ?? '';
  const some = (list: readonly string[], count: number): string =>
    Array.from({ length: count }, () => pick(list)).join('');
  return {
    pattern: () => some(PIECES, 1 + Math.floor(next() * 7)),
    text: () => some(CHARS, Math.floor(next() * 6)),
  };
}
