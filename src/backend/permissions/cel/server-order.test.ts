import { expect, test } from 'vitest';
import { Rules } from '../rules.ts';
import { ruleIssues } from '../validate-rules.ts';
import { serverOrder } from './server-order.ts';

// From instantdb/instant at a4d2ef33, server/test/instant/model/rule_test.clj: `binds-works` and
// `does-not-allow-cyclic-dependencies`. What they expect depends on the order in which Clojure goes through a set.

test('the last of two binds goes first, as the server has it', () => {
  const code = { myetype: { bind: ['test', 'true', 'test2', 'false'], allow: { view: 'test && test2' } } };
  expect(new Rules(code).program('myetype', 'view')?.code).toBe(
    'cel.bind(test2, false, cel.bind(test, true, test && test2))',
  );
  expect(serverOrder(['test', 'test2'])).toEqual(['test2', 'test']);
});

test.each([
  ['a -> b -> a', ['a', 'b', 'b', 'a'], 'a'],
  ['d -> e -> a -> b -> c -> d', ['a', 'b', 'b', 'c', 'c', 'd', 'd', 'e', 'e', 'a'], 'e'],
])('a circle of binds begins where the server says: %s', (circle, bind, view) => {
  expect(ruleIssues({ myetype: { bind, allow: { view } } })).toEqual([
    { message: `The binds have a cyclic dependency ${circle}`, in: ['myetype', 'allow', 'view'] },
  ]);
});

test('the order is the same, whatever the order in which the names come', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  expect(serverOrder(names.toReversed())).toEqual(serverOrder(names));
  expect(serverOrder(names)[0]).toBe('d');
});
