import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../protocol/json.ts';
import { VISITOR } from '../../actor.ts';
import { createAppData } from '../../store/app-data.ts';
import { describedEntity } from '../entity-sources.ts';
import { Permissions, Rules } from '../index.ts';
import { fromCel } from './values.ts';

const DATA: JsonObject = {
  id: 'aaaaaaaa-0000-4000-8000-000000000001',
  text: 'hello world',
  count: 3,
  price: 1.5,
  done: true,
  nothing: null,
  tags: ['a', 'b'],
  info: { depth: { level: 2 } },
  due: '2025-01-02',
};

function evaluate(code: JsonValue, data: JsonObject = DATA): JsonValue {
  const rules = new Rules({ things: { allow: { view: code } } });
  const { catalog, triples: reader } = createAppData();
  const source = { catalog, reader };
  const run = new Permissions({ now: () => 0 }).run(source, VISITOR, { rules, verbose: true });
  const program = rules.program('things', 'view');
  if (!program) throw new Error('No rule was found');
  return fromCel(run.evaluate(program, { data: describedEntity(source, 'things', data) }));
}

function failureOf(code: string): unknown {
  try {
    return { result: evaluate(code) };
  } catch (error) {
    return error;
  }
}

const TRUE_RULES = [
  // What is missing is null, at every depth, and cannot be told from what is there.
  'data.missing == null',
  'data.info.missing == null',
  'auth.id == null && ruleParams.anything == null',
  'has(data.missing) && "missing" in data',
  'data.nothing == null && data.text != null',
  // Numbers: what JSON writes without a fraction is an int.
  'type(data.count) == int && type(data.price) == double',
  'data.count == 3 && data.count == 3.0 && data.price > 1.0 && data.count < 4 && 2u < 3u',
  'double(data.count) > 2.5 && data.text > "a" && timestamp(data.due) < timestamp("2026-01-01")',
  'data.info.depth.level == 2',
  // Different kinds of value are never equal.
  '!(data.text == data.count) && !(data.tags == data.text)',
  // Lists and macros.
  '"a" in data.tags && size(data.tags) == 2 && data.tags[1] == "b"',
  'data.tags.all(t, t in ["a", "b"]) && data.tags.exists(t, t == "b")',
  'data.tags.exists_one(t, t == "a") && data.tags.map(t, t + "!") == ["a!", "b!"]',
  'data.tags.filter(t, t != "a") == ["b"] && [1, "x", null].size() == 3',
  'cel.bind(n, data.count * 2, n == 6)',
  // An error counts only when nothing else decides.
  'true || data.missing.deeper.still',
  'data.missing.deeper.still || true',
  // Strings.
  'data.text.startsWith("hello") && data.text.endsWith("world") && data.text.contains("lo w")',
  'data.text.matches("^h.*d$") && !data.text.matches("^w") && matches(data.text, "o w")',
  'data.text.charAt(1) == "e" && data.text.indexOf("o") == 4 && data.text.lastIndexOf("o") == 7',
  'data.text.replace("o", "0") == "hell0 w0rld" && data.text.replace("o", "0", 1) == "hell0 world"',
  'data.text.split(" ") == ["hello", "world"] && ["a", "b"].join("-") == "a-b"',
  'data.text.substring(6) == "world" && data.text.substring(0, 5) == "hello"',
  '"AbC".lowerAscii() == "abc" && "AbC".upperAscii() == "ABC" && " a ".trim() == "a"',
  // Math.
  'math.abs(-2) == 2 && math.greatest(1, 3, 2) == 3 && math.least([4, 2.5]) == 2.5',
  'math.ceil(1.2) == 2.0 && math.floor(1.8) == 1.0 && math.round(-1.5) == -2.0 && math.sign(-3) == -1',
  'math.sqrt(9) == 3.0 && math.bitAnd(6, 3) == 2 && math.bitShiftLeft(1, 4) == 16 && math.isNaN(0.0 / 0.0)',
  // Time: every format of a date attribute, and numbers as milliseconds.
  'timestamp(data.due) == timestamp("2025-01-02T00:00:00Z")',
  'timestamp("1/2/2025") == timestamp(1735776000000) && timestamp("epoch").getTime() == 0',
  'timestamp(data.due).getTime() == 1735776000000 && timestamp(data.due).getFullYear() == 2025',
  'timestamp("2025-01-01") + duration("24h") == timestamp(data.due)',
  'timestamp(data.due) - timestamp("2025-01-01") == duration("1440m")',
  'request.time == timestamp(0) && request.modifiedFields == [] && request.ip == null',
];

describe('a rule', () => {
  test.each(TRUE_RULES)('%s', (code) => {
    expect(evaluate(code)).toBe(true);
  });

  test('may be a JSON boolean', () => {
    expect([evaluate(true), evaluate(false)]).toEqual([true, false]);
  });

  test('may come to something that is no boolean', () => {
    expect(evaluate('data.info')).toEqual({ depth: { level: 2 } });
  });

  test.each([
    ['data.missing.deeper', 'ATTRIBUTE_NOT_FOUND'],
    ['data.text in data.missing', 'OVERLOAD_NOT_FOUND'],
    ['data.missing && true', 'OVERLOAD_NOT_FOUND'],
    // Numbers are compared with their own kind alone.
    ['data.price > 1', 'OVERLOAD_NOT_FOUND'],
    ['data.count <= 3.0', 'OVERLOAD_NOT_FOUND'],
    ['data.count > 2u', 'OVERLOAD_NOT_FOUND'],
    ['[1, 2].all(n, n < data.price)', 'OVERLOAD_NOT_FOUND'],
    ['data.tags[7] == "a"', 'INDEX_OUT_OF_BOUNDS'],
    ['data.count / 0 == 1', 'DIVIDE_BY_ZERO'],
    ['timestamp("someday") == request.time', 'INTERNAL_ERROR'],
    ['data.ref(data.text) == []', undefined],
    ['data.text.matches("(")', 'INTERNAL_ERROR'],
    ['math.greatest("a", 1) == 1', 'INTERNAL_ERROR'],
  ])('%s fails', (code, type) => {
    const failure = {
      type: 'permission-evaluation-failed',
      hint: { rule: ['things', 'view'], error: { type } },
    };
    expect(failureOf(code)).toMatchObject(type ? failure : { type: 'record-not-found' });
  });

  test('reaches nothing of JavaScript', () => {
    for (const code of [
      'data.constructor',
      'data.__proto__',
      'data.info.constructor',
      'data["__proto__"]',
      'data.toString',
      'data.size',
      'data.get',
      'ruleParams.hasOwnProperty',
      '{"a": 1}.constructor == null',
      'data.text.constructor',
      'request.constructor',
      'rateLimit.constructor',
      '[].constructor',
      'math.constructor',
    ]) {
      let result: unknown = 'refused';
      try {
        result = evaluate(code);
      } catch (error) {
        expect(error).toHaveProperty('type');
      }
      expect([code, result === null || result === 'refused']).toEqual([code, true]);
    }
  });
});

describe('the cost of a rule is limited', () => {
  const costly = (code: string, data?: JsonObject): unknown => {
    try {
      return evaluate(code, data);
    } catch (error) {
      return error;
    }
  };

  test('by its steps: loops in loops', () => {
    const list = `[${Array.from({ length: 90 }, (_, i) => i).join(',')}]`;
    const code = `${list}.all(a, ${list}.all(b, ${list}.all(c, ${list}.all(d, a + b + c + d >= 0))))`;
    expect(costly(code)).toMatchObject({
      type: 'permission-evaluation-failed',
      message: expect.stringContaining('steps'),
    });
    // What stands beside it in an "or" does not hide it.
    expect(costly(`${code} || true`)).toMatchObject({ message: expect.stringContaining('steps') });
  });

  test('by what it builds: a text that doubles with each bind', () => {
    const binds = Array.from({ length: 40 }, (_, i) => `cel.bind(t${i + 1}, t${i} + t${i}, `).join('');
    const code = `cel.bind(t0, "0123456789abcdef", ${binds}t40.size() > 0${')'.repeat(41)}`;
    expect(costly(code)).toMatchObject({ message: expect.stringContaining('steps') });
    const lists = code.replace('"0123456789abcdef"', '[1, 2, 3]');
    expect(costly(lists)).toMatchObject({ message: expect.stringContaining('steps') });
  });

  test('by what it reads: a loop that compares what is large, or looks for something in it', () => {
    const large: JsonObject = {
      ...DATA,
      text: 'x'.repeat(1_000_000),
      same: 'x'.repeat(1_000_000),
      list: Array(50_000).fill(1),
      equal: Array(50_000).fill(1),
      nested: [[[Array(50_000).fill(1)]]],
      alike: [[[Array(50_000).fill(1)]]],
      map: { list: Array(50_000).fill(1) },
      pam: { list: Array(50_000).fill(1) },
    };
    const thousand = `[${Array(1_000).fill('1').join(',')}]`;
    const loop = (condition: string): string => `${thousand}.all(a, ${thousand}.all(b, ${condition}))`;
    const tooMany = { message: expect.stringContaining('steps') };
    for (const condition of [
      'data.list == data.equal',
      'data.nested == data.alike',
      '{"list": data.list} == {"list": data.equal}',
      'data.map == data.pam',
      '!(2 in data.list)',
      'data.text == data.same',
      '!data.text.contains("xxxxxxxxxxxxxxxxy")',
      'data.text.indexOf("y") < 0',
      'data.text.replace("x", "yyyyyyyyyyyyyyyy") != ""',
      'bytes(data.text) == bytes(data.same)',
    ]) {
      expect({ condition, error: costly(loop(condition), large) }).toMatchObject({ error: tooMany });
    }
    // Once, all of it is fine.
    expect(evaluate('data.list == data.equal && data.text == data.same', large)).toBe(true);
    expect(evaluate('1 in data.list && data.text.contains("xxx") && data.text.size() > 3', large)).toBe(true);
  });

  test('by what a search may take, which is more than the length of a text', () => {
    const half = 'x'.repeat(150_000);
    const alike = { ...DATA, text: `${half}${half}`, part: `${half}y${half}`, last: `${half}y` };
    const tooMany = { message: expect.stringContaining('steps') };
    for (const call of ['contains', 'indexOf', 'lastIndexOf', 'split']) {
      for (const part of ['part', 'last']) {
        expect(costly(`[data.text.${call}(data.${part})].size() > 0`, alike)).toMatchObject(tooMany);
      }
    }
    expect(costly('data.text.replace(data.part, "") != ""', alike)).toMatchObject(tooMany);
  });

  test('by its length and its depth', () => {
    expect(costly('true && '.repeat(5_000).concat('true'))).toMatchObject({
      type: 'validation-failed',
      message: expect.stringContaining('characters'),
    });
    expect(costly(`${'('.repeat(500)}true${')'.repeat(500)}`)).toMatchObject({ type: 'validation-failed' });
  });

  test('and so is that of a pattern that backtracks', () => {
    expect(evaluate('("a" + data.text).matches("^(a+)+$")')).toBe(false);
    const long = { ...DATA, text: 'a'.repeat(50_000) };
    expect(evaluate('data.text.matches("(a|aa)+$")', long)).toBe(true);
    expect(evaluate('(data.text + "!").matches("^(a+)+$")', long)).toBe(false);
  });
});
