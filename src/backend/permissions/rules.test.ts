import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../protocol/json.ts';
import { NO_RULES, parseRules, Rules, ruleIssues } from './index.ts';

const codeOf = (rules: JsonObject, etype: string, action: 'view' | 'create' | 'update' | 'delete'): unknown =>
  new Rules(rules).program(etype, action)?.displayCode;

describe('the rule for an action', () => {
  const things = { allow: { view: 'true', $default: '1 == 1' } };
  const $default = { allow: { view: '2 == 2', $default: '3 == 3' } };

  test('is the first of: its own, the default of its namespace, the default for it, the default for all', () => {
    expect(codeOf({ things, $default }, 'things', 'view')).toBe('true');
    expect(codeOf({ things, $default }, 'things', 'create')).toBe('1 == 1');
    expect(codeOf({ things, $default }, 'others', 'view')).toBe('2 == 2');
    expect(codeOf({ things, $default }, 'others', 'delete')).toBe('3 == 3');
    expect(codeOf({ things }, 'others', 'view')).toBeUndefined();
  });

  test('falls back to what holds for the namespaces of the system', () => {
    expect(NO_RULES.program('$users', 'view')?.displayCode).toContain('auth.id == data.id');
    expect(NO_RULES.program('$users', 'create')?.constant).toBe(true);
    expect(NO_RULES.program('$users', 'delete')?.displayCode).toBe('disallow_delete_on_system_tables');
    expect(NO_RULES.program('$files', 'view')?.constant).toBe(false);
    expect(NO_RULES.program('$magicCodes', 'view')?.constant).toBe(false);
    expect(NO_RULES.program('things', 'view')).toBeUndefined();
    expect(codeOf({ $default }, '$files', 'view')).toBe('2 == 2');
  });

  test('may tell peers apart, or take tokens, wherever in a line it does so', () => {
    for (const view of ['request.ip == "x"', 'true &&\nrequest.ip == "x"', '\trequest.time == null']) {
      expect(new Rules({ things: { allow: { view } } }).tellsPeersApart).toBe(true);
    }
    const fields = { text: 'auth.id != null &&\r\nrateLimit.reads.limit(auth.id)' };
    expect(new Rules({ things: { fields } }).takesTokens).toBe(true);
    const others = new Rules({ requests: { allow: { view: 'data.requests != 1' } }, $rateLimits: {} });
    expect([others.tellsPeersApart, others.takesTokens]).toEqual([false, false]);
  });

  test('of a link has no default beyond its namespace', () => {
    const rules = new Rules({
      things: { allow: { link: { owner: 'true', $default: 'false' }, $default: 'true' } },
      $default: { allow: { link: { $default: 'false' } } },
    });
    expect(rules.linkProgram('things', 'link', 'owner')?.constant).toBe(true);
    expect(rules.linkProgram('things', 'link', 'other')?.constant).toBe(false);
    expect(rules.linkProgram('things', 'unlink', 'owner')).toBeUndefined();
    expect(rules.linkProgram('others', 'link', 'owner')).toBeUndefined();
  });

  test('is not found where JavaScript has something', () => {
    const rules = new Rules({});
    for (const name of ['constructor', '__proto__', 'toString']) {
      expect(rules.program(name, 'view')).toBeUndefined();
      expect(rules.fieldProgram(name, 'name')).toBeUndefined();
    }
  });

  test('shows the binds that it uses, and no others', () => {
    const rules = new Rules({
      $default: { bind: { a: 'b && true', b: 'false' } },
      things: { bind: ['b', 'true', 'broken', '((('], allow: { view: 'a || b' } },
    });
    expect(rules.program('things', 'view')?.code).toBe('cel.bind(b, true, cel.bind(a, b && true, a || b))');
  });
});

describe('rules that cannot be used', () => {
  const view = (expression: unknown): JsonObject => ({ things: { allow: { view: expression as string } } });

  test.each<[JsonObject, string]>([
    [view('data.name =='), 'Unexpected'],
    [view('newData.name == null'), "undeclared reference to 'newData' (in container '')"],
    [view('dta.name == null'), "undeclared reference to 'dta' (in container '')"],
    // Parts of CEL's extension for strings that the server does not have.
    [view('strings.quote("a") == ""'), "undeclared reference to 'strings' (in container '')"],
    [view('"abc".reverse() == "cba"'), 'reverse'],
    [view('"%d".format([1]) == "1"'), 'format'],
    [view('request.hello == 1'), "undefined field 'hello'"],
    [view('1 == "a"'), "found no matching overload for '_==_' applied to '(int, string)'"],
    [view('1 < 2.0'), "found no matching overload for '_<_' applied to '(int, double)'"],
    [view('size(data.name) > 1.5'), "found no matching overload for '_>_' applied to '(int, double)'"],
    [view('!1'), "found no matching overload for '!_' applied to '(int)'"],
    [view('"a".matches(1)'), "found no matching overload for 'matches' applied to 'string.(int)'"],
    [
      view('timestamp(true) == request.time'),
      "found no matching overload for 'timestamp' applied to '(bool)'",
    ],
    [view('auth.ref("posts.id") == []'), 'auth.ref arg must start with `$user.`'],
    [view('auth.ref(data.path) == []'), 'auth.ref arg must start with `$user.`'],
    [
      view('rateLimit.reads.limit("a")'),
      '`reads` is not a valid rate limit config. It should be defined in the `$rateLimits` key.',
    ],
    [
      view('data.exists(k, rateLimit["reads"].limit(k))'),
      '`reads` is not a valid rate limit config. It should be defined in the `$rateLimits` key.',
    ],
    [view(1), 'There was an unexpected error evaluating the rules'],
    [view({ a: 1 }), 'There was an unexpected error evaluating the rules'],
    [{ things: { bind: { data: 'true' }, allow: { view: 'data' } } }, '`data` cannot be the name of a bind'],
    [{ things: { fields: { name: 'nope' } } }, "undeclared reference to 'nope' (in container '')"],
  ])('%j', (rules, message) => {
    const issues = ruleIssues(rules);
    expect(issues).toEqual([{ message: expect.stringContaining(message), in: expect.any(Array) }]);
    expect(() => parseRules(rules)).toThrow(
      expect.objectContaining({
        type: 'validation-failed',
        hint: expect.objectContaining({ 'data-type': 'rule' }),
      }),
    );
  });

  test.each<[unknown, string]>([
    [[], '$rateLimits must be an object'],
    [{ a: {} }, 'Missing parameter: ["limits"]'],
    [{ a: { limits: [] } }, 'must have at least one limit'],
    [{ a: { limits: [{}] } }, 'Missing parameter: ["capacity"]'],
    [{ a: { limits: [{ capacity: 0 }] } }, 'Malformed parameter: ["capacity"]'],
    [
      { a: { limits: [{ capacity: 1, refill: { amount: -1 } }] } },
      'Malformed parameter: ["refill","amount"]',
    ],
    [{ a: { limits: [{ capacity: 1, refill: { type: 'x' } }] } }, 'Malformed parameter: ["refill","type"]'],
    [
      { a: { limits: [{ capacity: 1, refill: { period: 'an hour' } }] } },
      'Malformed parameter: ["refill","period"]',
    ],
    [
      { a: { limits: [{ capacity: 1, refill: { period: 60 } }] } },
      'Malformed parameter: ["refill","period"]',
    ],
    [{ a: { limits: [{ capacity: 1, refill: 'hourly' }] } }, 'Unexpected error parsing $rateLimits config'],
    [{ a: { limits: [{ capacity: 1, refill: { period: 'soon' } }] } }, 'longer than a second'],
    [{ a: { limits: [{ capacity: 1, refill: { period: '30m' } }] } }, 'longer than a second'],
    [{ a: { limits: [{ capacity: 1, refill: { period: '1 year' } }] } }, "can't be longer than a day"],
    [{ a: { limits: [{ capacity: 1, refill: { period: '10 ms' } }] } }, 'longer than a second'],
    [{ a: { limits: [{ capacity: 1, refill: { period: '25 hours' } }] } }, "can't be longer than a day"],
  ])('$rateLimits: %j', (limits, message) => {
    expect(ruleIssues({ $rateLimits: limits })).toEqual([
      { message: expect.stringContaining(message), in: expect.any(Array) },
    ]);
  });

  test.each(['1 hour 30 minutes', '01:30:00', 'PT90M', '@ 1 day', '24 hours 59 mins', '10 secs'])(
    'but a limit may be refilled every %s',
    (period) => {
      const limits = { a: { limits: [{ capacity: 1, refill: { period } }] } };
      expect(ruleIssues({ $rateLimits: limits })).toEqual([]);
    },
  );

  test('tell of every limit that there is not, as often as it is used', () => {
    const issues = ruleIssues(
      view('rateLimit.a.limit(1) && rateLimit["b"].limit(1) && rateLimit.a.limit(2)'),
    );
    expect(issues.map(({ message }) => message?.slice(0, 3))).toEqual(['`a`', '`b`', '`a`']);
  });

  test.each([[1], ['true'], [[]]])('%j', (code) => {
    expect(ruleIssues(code)).toEqual([{ message: 'The rules must be an object', in: [] }]);
  });

  test('but links are looked at when they are asked for', () => {
    const rules = parseRules({ things: { allow: { link: { owner: 'nope' } } } });
    expect(() => rules?.linkProgram('things', 'link', 'owner')).toThrow(
      expect.objectContaining({
        type: 'validation-failed',
        hint: expect.objectContaining({ 'data-type': 'permission' }),
      }),
    );
  });
});

test('null stands for no rules', () => {
  expect(parseRules(null)).toBeNull();
});
