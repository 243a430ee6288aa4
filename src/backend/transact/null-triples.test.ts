import { describe, expect, test } from 'vitest';
import { TestApp, uuid } from './test-app.ts';

const [joe, alex] = [uuid(1), uuid(2)];

describe('null triples', () => {
  function app(): TestApp {
    const made = new TestApp();
    made.add('users/id', { 'unique?': true });
    made.add('users/age', { 'index?': true });
    return made;
  }

  test('stand for the values of indexed attributes that a new entity lacks', () => {
    const made = app();
    made.run([
      ['add-triple', joe, made.id('users/id'), joe],
      ['add-triple', alex, made.id('users/id'), alex],
      ['add-triple', alex, made.id('users/age'), 3],
    ]);
    expect(made.values('users/age')).toEqual([
      [joe, null],
      [alex, 3],
    ]);
  });

  test('are added with an indexed attribute, and not when an update makes it one', () => {
    const made = app();
    made.run([['add-triple', joe, made.id('users/id'), joe]]);
    made.add('users/weight', { 'index?': true });
    expect(made.values('users/weight')).toEqual([[joe, null]]);
    const size = made.add('users/size');
    made.run([['update-attr', { id: size, 'index?': true }]]);
    expect(made.values('users/size')).toEqual([]);
  });

  test('of an attribute that is new on a system namespace are those of new entities only', () => {
    const made = app();
    made.run([['add-triple', joe, made.id('$users/id'), joe]]);
    made.add('$users/nick', { 'index?': true });
    made.run([['add-triple', alex, made.id('$users/id'), alex]]);
    expect(made.values('$users/nick')).toEqual([[alex, null]]);
  });

  test('are not made for links', () => {
    const made = app();
    made.add('users/boss', { to: 'users/reports', 'index?': true });
    made.run([['add-triple', joe, made.id('users/id'), joe]]);
    expect(made.values('users/boss')).toEqual([]);
  });
});
