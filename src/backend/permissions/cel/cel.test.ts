import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { JsonObject, JsonValue } from '../../../protocol/json.ts';
import { createAppData } from '../../store/app-data.ts';
import { VISITOR } from '../actor.ts';
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
  items: [{ tags: ['x'] }, { tags: [] }],
};

function evaluate(code: JsonValue, data: JsonObject = DATA, verbose = true): JsonValue {
  const rules = new Rules({ things: { allow: { view: code } } });
  const { catalog, triples: reader } = createAppData();
  const source = { catalog, reader };
  const run = new Permissions({ now: () => 0, appId: () => 'app' }).run(source, VISITOR, { rules, verbose });
  const program = rules.program('things', 'view');
  if (!program) throw new Error('No rule was found');
  return fromCel(run.evaluate(program, { data: describedEntity(source, 'things', data) }));
}

function failureOf(code: string, verbose = true): unknown {
  try {
    return { result: evaluate(code, DATA, verbose) };
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
  '"a" in data.tags && data.tags == ["a", "b"] && data.tags.join("-") == "a-b"',
  'size(data.tags.map(t, t)) == 2 && data.tags.filter(t, t != "a")[0] == "b" && size({"a": data.tags}) == 1',
  'size(data.text) == 11 && data.text.size() == 11 && size("😀") == 1 && size(b"ab") == 2',
  // The items of a list are read in full.
  'data.items.exists(i, size(i.tags) == 1 && i.tags[0] == "x" && i == {"tags": ["x"]})',
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
  'request.time == timestamp(0) && request.modifiedFields == []',
  'duration("90m").getHours() == 1 && duration("90m").getMinutes() == 90',
  'duration("90s").getSeconds() == 90',
  // Texts, which are never null.
  'request.ip == "" && request.origin == "" && !has(request.ip) && !has(request.origin) && has(request.time)',
];

const TIME_RULES = [
  'timestamp("2025-07-01T12:00:00Z").getDayOfYear() == 181 && timestamp("2025-01-01").getDayOfYear() == 0',
  'timestamp("2025-12-31T23:59:59Z").getDayOfYear() == 364 && timestamp("2024-12-31").getDayOfYear() == 365',
  'timestamp("2025-07-01T03:00:00Z").getDayOfYear("America/New_York") == 180',
  // An hour that there was not in New York.
  'timestamp("2025-03-09T02:30:00Z").getHours("UTC") == 2 && timestamp("2025-03-09T02:30:00Z").getHours() == 2',
  // One that there was twice.
  'timestamp("2025-11-02T05:30:00Z").getHours("America/New_York") == 1',
  'timestamp("2025-11-02T06:30:00Z").getHours("America/New_York") == 1',
  'timestamp("2025-01-01T00:00:01.250Z").getHours("Asia/Kolkata") == 5',
  'timestamp("2025-01-01T00:00:01.250Z").getMinutes("Asia/Kolkata") == 30',
  'timestamp("2025-01-01T00:00:01.250Z").getSeconds("Asia/Kolkata") == 1',
  'timestamp("2025-01-01T00:00:01.250Z").getMilliseconds("Asia/Kolkata") == 250',
  'timestamp("2025-01-01").getDate("America/New_York") == 31 && timestamp("2025-01-01").getDate() == 1',
  'timestamp("2025-01-01").getDayOfMonth("America/New_York") == 30',
  'timestamp("2025-01-01").getDayOfWeek("America/New_York") == 2 && timestamp("2025-01-01").getDayOfWeek() == 3',
  'timestamp("2025-01-01").getMonth("America/New_York") == 11',
  'timestamp("2025-01-01").getFullYear("America/New_York") == 2024',
  'timestamp("1969-12-31T23:59:59.250Z").getMilliseconds("UTC") == 250',
  'timestamp("1969-12-31T23:59:59.250Z").getSeconds("UTC") == 59',
];

describe.each(['UTC', 'America/New_York', 'Asia/Kolkata'])('on a machine in %s, a rule', (zone) => {
  beforeAll(() => void vi.stubEnv('TZ', zone));
  afterAll(() => void vi.unstubAllEnvs());

  test.each(TIME_RULES)('%s', (code) => {
    expect(evaluate(code, DATA)).toBe(true);
  });
});

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
    ['data.tags.map(t, t)[7] == "a"', 'INDEX_OUT_OF_BOUNDS'],
    ['data.items.all(i, i.missing == null)', 'ATTRIBUTE_NOT_FOUND'],
    ['data.count / 0 == 1', 'DIVIDE_BY_ZERO'],
    ['timestamp("someday") == request.time', 'INTERNAL_ERROR'],
    ['data.ref(data.text) == []', undefined],
    ['data.text.matches("(")', 'INVALID_ARGUMENT'],
    ['data.text.matches("a**")', 'INVALID_ARGUMENT'],
    ['math.greatest("a", 1) == 1', 'INTERNAL_ERROR'],
  ])('%s fails', (code, type) => {
    const failure = {
      type: 'permission-evaluation-failed',
      hint: { rule: ['things', 'view'], error: { type } },
    };
    expect(failureOf(code)).toMatchObject(type ? failure : { type: 'record-not-found' });
  });

  test.each([
    ['data.count.getHours() == 1', 'int.getHours()'],
    ['data.count.matches("a")', 'int.matches(string)'],
    ['data.count.contains("a")', 'int.contains(string)'],
    ['size(data.count) == 1', 'size(int)'],
  ])('%s fails with the name that it was written with', (code, call) => {
    expect(failureOf(code)).toMatchObject({ message: expect.stringContaining(call) });
  });

  // The values that the server makes of JSON lack what these call (CelList and CelMap in its db/cel.clj).
  test.each([
    'size(data.tags) == 2',
    'data.tags.size() == 2',
    'size(data.info) == 1',
    'size(data) > 1',
    'size(ruleParams) == 0',
    'size(auth) == 0',
    'data.tags[0] == "a"',
    'cel.bind(t, data.tags, t[0] == "a")',
    'data.tags + ["c"] == []',
    '["c"] + data.tags == []',
    'data.info == {"depth": {"level": 2}}',
    '{} != data.info',
    'data.info == data.info',
    'data.info.exists(key, key == "depth")',
    'data.all(label, label != "")',
    // Nothing stands in for it.
    'true ? size(data.tags) == 2 : true',
    'size(data.tags) == 2 || true',
  ])('%s fails as on the server, and says why', (code) => {
    expect(failureOf(code, false)).toMatchObject({
      type: 'permission-evaluation-failed',
      message: expect.stringContaining('The rule fails on Instant, whose server cannot'),
      hint: { error: { type: 'INTERNAL_ERROR', hint: expect.stringContaining('`in`') } },
    });
  });

  test.each(['data.info.ref("a")', 'ruleParams.ref("a")', '{"a": 1}.ref("a")'])('%s has no links', (code) => {
    expect(failureOf(`${code} == []`)).toMatchObject({
      message: expect.stringContaining("No matching overload for function 'ref'. Overload candidates: _ref"),
      hint: { error: { type: 'OVERLOAD_NOT_FOUND', hint: expect.stringContaining('data.ref') } },
    });
    expect(evaluate(`${code} == [] || true`)).toBe(true);
  });

  test.each([
    ['b"a".base64() == ""', "undeclared reference to 'base64' (in container '')"],
    ['b"a".hex() == ""', "undeclared reference to 'hex' (in container '')"],
    ['b"a".at(0) == 1', "undeclared reference to 'at' (in container '')"],
    ['b"{}".json() == {}', "undeclared reference to 'json' (in container '')"],
    ['b"a".string() == ""', "found no matching overload for 'string' applied to 'bytes.()'"],
    ['optional.of(1).value() == 1', "undeclared reference to 'optional' (in container '')"],
    ['request.ip == null', "found no matching overload for '_==_' applied to '(string, null)'"],
    ['request.origin != null', "found no matching overload for '_!=_' applied to '(string, null)'"],
    ['request.ip == 1', "found no matching overload for '_==_' applied to '(string, int)'"],
  ])('%s cannot be compiled, as on the server', (code, message) => {
    expect(failureOf(code)).toMatchObject({
      type: 'validation-failed',
      message: expect.stringContaining(message),
    });
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
      maps: [{ list: Array(50_000).fill(1) }],
      pams: [{ list: Array(50_000).fill(1) }],
    };
    const thousand = `[${Array(1_000).fill('1').join(',')}]`;
    const loop = (condition: string): string => `${thousand}.all(a, ${thousand}.all(b, ${condition}))`;
    const tooMany = { message: expect.stringContaining('steps') };
    for (const condition of [
      'data.list == data.equal',
      'data.nested == data.alike',
      '{"list": data.list} == {"list": data.equal}',
      'data.maps == data.pams',
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
