import { expect, test } from 'vitest';
import { shapeOf } from './query-once.ts';

test.each([
  [{ goals: {} }, '{ goals }'],
  [{ goals: { author: {} }, todos: {} }, '{ goals: { author }, todos }'],
  [{ $users: { $: { where: { email: 'secret' } } } }, '{ $users }'],
  [{ $$ruleParams: { token: 'secret' }, goals: { $: { where: { title: 'secret' } } } }, '{ goals }'],
  [{ a: { b: { c: { d: {} } } } }, '{ a: { b: { c } } }'],
  [{ a: {}, b: {}, c: {}, d: {}, e: {}, f: {} }, '{ a, b, c, d, e, … }'],
  [{ ['x'.repeat(50)]: {} }, `{ ${'x'.repeat(40)}… }`],
  [{}, '{}'],
  [null, '{}'],
])('the shape of %j is %s', (query, shape) => {
  expect(shapeOf(query)).toBe(shape);
});
