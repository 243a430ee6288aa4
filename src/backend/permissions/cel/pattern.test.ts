import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { linearPattern } from './pattern.ts';
import { randomPatterns } from './random.fixture.ts';
import { re2Patterns } from './re2-patterns.fixture.ts';

const cases: [pattern: string, matching: string[], others: string[]][] = [
  ['', ['', 'a'], []],
  ['abc', ['abc', 'xabcx'], ['ab', 'ABC']],
  ['^abc$', ['abc'], ['abcx', 'xabc', 'abc\n']],
  ['a|b|', ['a', 'b', 'c'], []],
  ['^(?:a|bc)+$', ['a', 'bc', 'abca'], ['', 'b', 'ac']],
  ['^[a-c_-]*$', ['', 'abc', 'a-_'], ['d']],
  ['^[^a-c]$', ['d', '\n'], ['a', '']],
  ['^[]a]+$', [']a'], ['b']],
  ['^a{2,3}$', ['aa', 'aaa'], ['a', 'aaaa']],
  ['^a{2}$', ['aa'], ['a', 'aaa']],
  ['^a{2,}?$', ['aa', 'aaaa'], ['a']],
  ['a{', ['a{'], ['a']],
  ['^\\d+\\.\\w\\s\\S$', ['12._ x'], ['a._ x']],
  ['^\\D\\W$', ['a!'], ['1!', 'ab']],
  ['\\bword\\b', ['a word.', 'word'], ['words', 'sword']],
  ['\\Bord', ['word'], ['ord']],
  ['^.$', ['a', '😀'], ['\n', 'ab']],
  ['(?s)^.$', ['\n'], []],
  ['(?i)^straße$', ['STRAßE', 'straße'], ['strasse']],
  ['(?i:A)b', ['ab', 'Ab'], ['aB']],
  ['(?m)^b$', ['a\nb\nc', 'b'], ['ab']],
  ['(?P<name>a)(?<other>b)', ['ab'], ['a']],
  ['^[[:alpha:]]+[[:^digit:]]$', ['abc', 'a!'], ['1', 'a1']],
  ['^\\p{Lu}\\p{Greek}\\P{L}$', ['Aα1'], ['aα1', 'Aa1', 'Aαa']],
  ['^\\x41\\x{1F600}\\t$', ['A😀\t'], ['A']],
  ['\\Aa\\z', ['a'], ['ab']],
  ['^\\Qa.b*\\E$', ['a.b*'], ['axb']],
  ['^a??b*?c+?$', ['c', 'abbc'], ['ab']],
  ['^\\0\\101\\x{00000042}$', ['\0AB'], ['0AB']],
  ['^\\s$', ['\t', '\f'], ['\v']],
  ['^\\Qab\\E*$', ['a', 'abb'], ['abab']],
  ['^a(?s)*.$', ['aa\n', '\n'], ['b\nb']],
  ['^(?i)[^k]$', ['a'], ['k', 'K', '\u212a']],
  ['^(?i)\\w{2}$', ['\u017f\u212a'], ['ıı']],
];

describe('a pattern', () => {
  test.each(cases)('%j', (pattern, matching, others) => {
    const { test: matches } = linearPattern(pattern);
    expect(matching.filter((text) => !matches(text))).toEqual([]);
    expect(others.filter(matches)).toEqual([]);
  });

  test.each([
    '(',
    ')',
    '[',
    '[a',
    'a**b(',
    '*',
    '\\',
    '\\1',
    '(?=a)',
    '(?<!a)',
    '(?x',
    'a{1001}',
    '[b-a]',
    '\\p{No}x\\p{Nothing}',
    '(a{900}){900}',
    'a**',
    'a++',
    'a{2}{3}',
    '(?i){2}',
    '{2}',
    'a|*',
    '(?-)',
    '\\é',
    '(?<n>a)(?<n>b)',
    '\\p{Letter}',
    '\\p{Adlam}',
    '\\p{Emoji}',
  ])('%j cannot be used', (pattern) => {
    expect(() => linearPattern(pattern)).toThrow(SyntaxError);
  });

  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000));
  test(`agrees with JavaScript on random patterns (SEED=${seed})`, () => {
    const random = randomPatterns(seed);
    const differing: unknown[] = [];
    for (let i = 0; i < 2_000; i++) {
      const pattern = random.pattern(4);
      const expected = new RegExp(pattern, 'u');
      const { test: matches } = linearPattern(pattern);
      for (let j = 0; j < 8; j++) {
        const text = random.text(8);
        if (matches(text) !== expected.test(text)) differing.push([pattern, text]);
      }
    }
    expect(differing).toEqual([]);
  });

  // RE2JS is RE2/J, which the server has, in JavaScript.
  test(`is RE2's on 20,000 random patterns, and so is what is said against one (SEED=${seed})`, () => {
    const random = re2Patterns(seed);
    const differing: unknown[] = [];
    for (let i = 0; i < 20_000; i++) {
      const pattern = random.pattern();
      const [ours, theirs] = [attempt(() => linearPattern(pattern)), attempt(() => RE2JS.compile(pattern))];
      if (ours.refusal !== theirs.refusal) differing.push([pattern, ours.refusal, theirs.refusal]);
      for (let j = 0; j < 4 && ours.made && theirs.made; j++) {
        const text = random.text();
        const expected = theirs.made.matcher(text).find();
        if (ours.made.test(text) !== expected) differing.push([pattern, text, expected]);
      }
    }
    expect(differing).toEqual([]);
  });

  test.each([
    // RE2/J has the scripts of an older Unicode, and not all names of Go's, which RE2JS follows.
    ['\\p{Adlam}', 'invalid character class range'],
    ['\\p{Emoji}', 'invalid character class range'],
    ['\\p{Assigned}', 'invalid character class range'],
    // Ours alone: a visitor may have sent the pattern.
    ['('.repeat(101) + ')'.repeat(101), 'expression nests too deeply'],
    ['[ab]{1000}'.repeat(6), 'expression too large'],
    ['[ab]'.repeat(5_001), 'expression too large'],
  ])('differs from RE2JS on %.20s', (pattern, problem) => {
    expect(attempt(() => RE2JS.compile(pattern)).refusal).toBeUndefined();
    expect(attempt(() => linearPattern(pattern)).refusal).toContain(problem);
  });
});

function attempt<T>(make: () => T): { made?: T; refusal?: string } {
  try {
    return { made: make() };
  } catch (error) {
    return { refusal: (error as Error).message };
  }
}
