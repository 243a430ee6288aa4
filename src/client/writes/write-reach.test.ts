import { expect, test } from 'vitest';
import type { Attr } from '../engine/store.ts';
import type { Mutation, TransactionStep } from '../transactions/transactions.ts';
import { BehindStuck } from './behind-stuck.ts';

const attr = (id: string, fields: Partial<Attr>): [string, Attr] => [
  id,
  { id, 'forward-identity': ['i', 'goals', id], 'value-type': 'blob', ...fields },
];
const attrs = new Map([
  attr('title', {}),
  attr('slug', { 'unique?': true }),
  attr('author', { 'value-type': 'ref' }),
]);

const write = (...steps: TransactionStep[]): Mutation => ({
  op: 'transact',
  'tx-steps': steps,
  created: 0,
  order: 0,
});
const titled = (entity: unknown, title = 'x') => ['add-triple', entity, 'title', title] as TransactionStep;

/** Whether a write stays behind another. */
function isBehind(later: Mutation, stuck: Mutation): boolean {
  const behind = new BehindStuck((id) => attrs.get(id));
  behind.add(stuck, 'stuck');
  return behind.of(later) === 'stuck';
}

test.each<[string, TransactionStep, TransactionStep]>([
  ['an entity', titled('e'), titled('e')],
  ['an entity that is deleted', ['delete-entity', 'e', 'goals'], titled('e')],
  ['the target of a link', ['add-triple', 'e', 'author', 'a'], ['add-triple', 'f', 'author', 'a']],
  ['a target that the other changes', ['add-triple', 'e', 'author', 'a'], titled('a')],
  ['a target that a link is taken from', ['retract-triple', 'e', 'author', 'a'], titled('a')],
  ['a lookup', titled(['slug', 's']), titled(['slug', 's'])],
  ['a lookup as a target', ['add-triple', 'e', 'author', ['slug', 's']], titled(['slug', 's'])],
  ['a value by which the other looks up', ['add-triple', 'e', 'slug', 's'], titled(['slug', 's'])],
  ['what may be a link, as nobody knows it', ['add-triple', 'e', 'unknown', 'a'], titled('a')],
])('a write stays behind another with which it has in common %s', (_, one, other) => {
  expect(isBehind(write(one), write(other))).toBe(true);
  expect(isBehind(write(other), write(one))).toBe(true);
});

test('a write stays behind the one that adds an attribute that it uses, and not the other way round', () => {
  const adding = write(['add-attr', { id: 'title' }], titled('e'));
  expect(isBehind(write(titled('f')), adding)).toBe(true);
  expect(isBehind(adding, write(titled('f')))).toBe(false);
  expect(isBehind(write(['delete-attr', 'title']), adding)).toBe(true);
});

test('other writes go on, whatever values they share', () => {
  expect(isBehind(write(titled('e', 'a')), write(titled('f', 'a')))).toBe(false);
  expect(isBehind(write(titled('e')), write(titled('f', 'e')))).toBe(false);
  expect(isBehind(write(titled(['slug', 's'])), write(titled(['slug', 't'])))).toBe(false);
});

test('what stays behind holds others in turn', () => {
  const behind = new BehindStuck((id) => attrs.get(id));
  behind.add(write(titled('e')), 'stuck');
  const second = write(['add-triple', 'f', 'author', 'e']);
  behind.add(second, behind.of(second) ?? '');
  expect(behind.of(write(titled('f')))).toBe('stuck');
  behind.clear();
  expect(behind.of(write(titled('f')))).toBeUndefined();
});
