import { describe, expect, test } from 'vitest';
import { linearPattern } from './pattern.ts';
import { randomPatterns } from './random.fixture.ts';

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
});
