import { describe, expect, test } from 'vitest';
import { ServerError } from '../../protocol/error.ts';
import { SmallApp } from './small-app.fixture.ts';

const app = new SmallApp({
  'users/handle': { indexed: true },
  'users/bio': {},
  'users/age': { type: 'number', indexed: true },
  'users/born': { type: 'date', indexed: true },
  'users/name': { type: 'string', indexed: true },
  'users/typed': { type: 'string' },
  'users/friends': { to: 'users', as: 'friendOf', many: true },
});
const HANDLE = app.attrId('users/handle');
const ID = app.attrId('users/id');
/** What the server's names of its own checks begin with. */
const CHECKS = 'instant.db.instaql/';

function refused(query: unknown, admin = false): ServerError {
  try {
    app.run(query, { admin });
  } catch (error) {
    if (error instanceof ServerError) return error;
    throw error;
  }
  throw new Error(`Nothing is wrong with ${JSON.stringify(query)}`);
}

function issues(query: unknown, admin = false): unknown[] {
  return (refused(query, admin).hint as { errors: unknown[] }).errors;
}

const OPTIONS = 'We only support `where`, `order`, `limit`, `offset`, `before`, and `after` clauses.';
const TOP_ONLY =
  'We currently only support `offset`, `before`, and `after` clauses on the top-level field. Limit fields will be ignored';

function limitMessage(name: string, got: string): string {
  return `The ${name} field must be a positive integer. Got ${got}.`;
}

describe('a query is refused', () => {
  test.each<[what: string, query: unknown, issue: unknown]>([
    ['that is a number', 1, { expected: 'map?', in: [] }],
    ['that is a list', [], { expected: 'map?', in: [] }],
    ['with a form that is null', { users: null }, { expected: 'map?', in: ['users'] }],
    [
      'with a child form that is a number',
      { users: { friends: 2 } },
      { expected: 'map?', in: ['users', 'friends'] },
    ],
    [
      'with a where that is a list',
      { users: { $: { where: [] } } },
      { expected: 'map?', in: ['users', '$', 'where'] },
    ],
    [
      'with a where that is false',
      { users: { $: { where: false } } },
      { expected: 'map?', in: ['users', '$', 'where'] },
    ],
    [
      'with an order that is false',
      { users: { $: { order: false } } },
      { expected: 'map?', in: ['users', '$', 'order'] },
    ],
    [
      'with an option nobody knows',
      { users: { $: { limits: 1 } } },
      { expected: 'supported-options?', in: ['users', '$'], message: OPTIONS },
    ],
    [
      'with an offset below the top',
      { users: { friends: { $: { offset: 1 } } } },
      { expected: 'supported-options?', in: ['users', 'friends', '$'], message: TOP_ONLY },
    ],
    [
      'with limit 0',
      { users: { $: { limit: 0 } } },
      { expected: 'supported-options?', in: ['users', '$', 'limit'], message: limitMessage('limit', '0') },
    ],
    [
      'with limit -1',
      { users: { $: { limit: -1 } } },
      { in: ['users', '$', 'limit'], message: limitMessage('limit', '-1') },
    ],
    [
      'with first 1.5',
      { users: { $: { first: 1.5 } } },
      { in: ['users', '$', 'first'], message: limitMessage('first', '1.5') },
    ],
    [
      'with last "2"',
      { users: { $: { last: '2' } } },
      { in: ['users', '$', 'last'], message: limitMessage('last', '"2"') },
    ],
    [
      'with offset -1',
      { users: { $: { offset: -1 } } },
      { in: ['users', '$', 'offset'], message: 'The offset field must be a non-negative integer. Got -1.' },
    ],
    [
      'with limit and first',
      { users: { $: { limit: 1, first: 1 } } },
      { in: ['users', '$'], message: 'Only provide one of `limit` or `first`.' },
    ],
    [
      'with first and last',
      { users: { $: { first: 1, last: 1 } } },
      { in: ['users', '$'], message: 'Only provide one of `first` or `last`.' },
    ],
    [
      'with before 10',
      { users: { $: { before: 10 } } },
      {
        expected: 'join-row?',
        in: ['users', '$', 'before'],
        message: 'Expected a join row for the cursor, got 10.',
      },
    ],
    [
      'with a cursor of one item',
      { users: { $: { after: [1] } } },
      {
        expected: 'join-row?',
        in: ['users', '$', 'after'],
        message: 'Expected a join row with 4 items for the cursor, got [1].',
      },
    ],
    [
      'with a cursor of another attribute',
      { users: { $: { after: [HANDLE, HANDLE, 'a', 1] } } },
      {
        expected: 'valid-cursor?',
        in: ['users', '$', 'after'],
        message:
          'Invalid after cursor. The query orders by `serverCreatedAt`, but the query that returned the cursor orders by `handle`.',
      },
    ],
    [
      'with a cursor without attribute',
      { users: { $: { after: [HANDLE, 'x', 'a', 1] } } },
      { message: 'Expected a join row with a uuid attribute id in the second position, got "x".' },
    ],
    [
      'with a cursor at no integer',
      { users: { $: { after: [HANDLE, HANDLE, 'a', 'b'] } } },
      { message: 'Expected a join row with an integer created_at in the last position, got "b".' },
    ],
    [
      'with two orders',
      { users: { $: { order: { a: 'asc', b: 'asc' } } } },
      {
        expected: 'single-key?',
        in: ['users', '$', 'order'],
        message: 'We only support a single key in the `order` clause. Got a,b.',
      },
    ],
    [
      'with order DESC',
      { users: { $: { order: { age: 'DESC' } } } },
      {
        expected: 'valid-direction?',
        in: ['users', '$', 'order', 'age'],
        message: 'We only support "asc" or "desc" in the `order` clause. Got "DESC".',
      },
    ],
    [
      'ordered by nothing',
      { users: { $: { order: { nope: 'asc' } } } },
      {
        expected: 'supported-order?',
        in: ['users', '$', 'order'],
        message: 'There is no `nope` attribute for users.',
      },
    ],
    [
      'ordered by an untyped attribute',
      { users: { $: { order: { handle: 'asc' } } } },
      {
        message:
          'The `users.handle` attribute is not typed. Only typed and indexed attributes can be used to order by.',
      },
    ],
    [
      'ordered by an attribute without index',
      { users: { $: { order: { typed: 'asc' } } } },
      {
        message:
          'The `users.typed` attribute is not indexed. Only indexed and typed attributes can be used to order by.',
      },
    ],
    [
      'with a sum',
      { users: { $: { aggregate: 'sum' } } },
      { in: ['users', '$', 'aggregate'], message: 'The aggregate field only accepts "count", got "sum".' },
    ],
    [
      'with an aggregate by a user',
      { users: { $: { aggregate: 'count' } } },
      {
        expected: 'admin?',
        in: ['users', '$', 'aggregate'],
        message: 'Aggregates are currently only available for admin queries.',
      },
    ],
    [
      'with fields that are no list',
      { users: { $: { fields: 'id' } } },
      {
        expected: 'array?',
        in: ['users', '$', 'fields'],
        message: 'The `fields` property should be an array of field names.',
      },
    ],
    [
      'with an empty or',
      { users: { $: { where: { or: [] } } } },
      {
        expected: 'non-empty-list?',
        in: ['users', '$', 'or'],
        message: "The list of `or` conditions can't be empty.",
      },
    ],
    [
      'with an empty and',
      { users: { $: { where: { and: [] } } } },
      {
        expected: 'non-empty-list?',
        in: ['users', '$', 'and'],
        message: "The list of `and` conditions can't be empty.",
      },
    ],
    [
      'with an and of nothing but empty elements',
      { users: { $: { where: { and: [{}, {}] } } } },
      { expected: 'non-empty-list?', in: ['users', '$', 'and'] },
    ],
    [
      'with null in $in and no index',
      { users: { $: { where: { bio: { $in: [null] } } } } },
      { message: 'Only indexed attrs can check for `nil` in `$in`. users.bio is not indexed.' },
    ],
    [
      'with a link that is no uuid',
      { users: { $: { where: { friends: 'hello' } } } },
      {
        expected: 'uuid?',
        in: ['users', '$', 'where', 'friends'],
        message: 'Expected friends to be a uuid, got "hello"',
      },
    ],
    [
      'with a comparison and no index',
      { users: { $: { where: { bio: { $gt: 1 } } } } },
      { message: 'The `users.bio` attribute must be indexed to use comparison operators.' },
    ],
    [
      'with a comparison and no type',
      { users: { $: { where: { handle: { $gt: 1 } } } } },
      { message: 'The `users.handle` attribute must have an enforced type to use comparison operators.' },
    ],
    [
      'with a value of another type',
      { users: { $: { where: { age: 'x' } } } },
      {
        'expected?': 'number?',
        in: ['users', '$', 'where', 'age'],
        message:
          'The data type of `users.age` is `number`, but the query got the value `"x"` of type `string`.',
      },
    ],
    [
      'with a value of another type below a form that is empty',
      { users: { $: { where: { nope: 1 } }, friends: { $: { where: { age: 'x' } } } } },
      { 'expected?': 'number?', in: ['users', 'friends', '$', 'where', 'age'] },
    ],
    [
      'with a date that moves',
      { users: { $: { where: { born: { $gt: 'now' } } } } },
      {
        in: ['users', '$', 'where', 'born', '$gt'],
        message: 'The data type of `users.born` is `date`, but the query got value `"now"` of type `string`.',
      },
    ],
    [
      'with $like 1',
      { users: { $: { where: { name: { $like: 1 } } } } },
      {
        message:
          'The $like value for `users.name` must be a string, but the query got the value `1` of type `number`.',
      },
    ],
  ])('%s', (_, query, issue) => {
    expect(refused(query).type).toBe('validation-failed');
    expect(refused(query).hint).toMatchObject({ 'data-type': 'query', input: query });
    expect(issues(query)[0]).toMatchObject(issue as object);
  });

  test('with an aggregate that has children', () => {
    const message = 'You can not combine aggregates with child queries at this time.';
    expect(issues({ users: { $: { aggregate: 'count' }, friends: {} } }, true)[0]).toMatchObject({
      expected: 'valid-query?',
      message,
    });
  });

  test.each<[what: string, where: unknown, expected: string, at: unknown[]]>([
    ['an operator nobody knows', { handle: { $near: 1 } }, `${CHECKS}where-value-valid-keys?`, [1]],
    [
      'the explorer’s operator for a value',
      { handle: { $entityIdStartsWith: 'a' } },
      `${CHECKS}where-value-valid-keys?`,
      [1],
    ],
    ['null for a value', { handle: null }, 'map?', [1]],
    ['a list for a value', { handle: [1] }, 'map?', [1]],
    ['no operator', { handle: {} }, `${CHECKS}where-value-valid?`, [1]],
    ['null for a $gt', { handle: { $gt: null } }, 'boolean?', [1, '$gt']],
    ['an $in that is no list', { handle: { $in: {} } }, 'vector?', [1, '$in']],
    ['an object in $in', { handle: { $in: [{}] } }, `${CHECKS}in-value-valid?`, [1, '$in', 0]],
    ['two objects in $in', { handle: { $in: [{}, 1, {}] } }, `${CHECKS}in-value-valid?`, [1, '$in', 2]],
    ['an $isNull that is no boolean', { handle: { $isNull: 'a' } }, 'boolean?', [1, '$isNull']],
    [
      'a wrong value beside an operator nobody knows',
      { handle: { $near: 1, $isNull: 'a' } },
      'boolean?',
      [1, '$isNull'],
    ],
  ])('with %s', (_, where, expected, at) => {
    const error = refused({ users: { $: { where } } });
    expect(error.message).toBe('Validation failed for coerced-query');
    expect(error.hint).toMatchObject({
      'data-type': 'coerced-query',
      errors: [{ expected, in: [0, 'option-map', 'where-conds', 0, ...at] }],
    });
  });

  test('and the most specific of several malformed values is told, the last of equals', () => {
    const told = (where: unknown): unknown => {
      const { errors } = refused({ users: { $: { where } } }).hint as { errors: unknown[] };
      expect(errors).toHaveLength(1);
      return errors[0];
    };
    const at = (...rest: unknown[]): unknown[] => [0, 'option-map', 'where-conds', ...rest];
    expect(told({ handle: { $isNull: 1 }, bio: null })).toMatchObject({ in: at(0, 1, '$isNull') });
    expect(told({ handle: null, bio: null })).toMatchObject({ in: at(1, 1) });
  });

  test.each<[what: string, cursor: unknown[]]>([
    ['three items', [HANDLE, ID, HANDLE]],
    ['null for a time', [HANDLE, ID, HANDLE, null]],
    ['an entity that is no uuid', ['x', ID, 'x', 1]],
  ])('with a cursor of %s', (_, after) => {
    const error = refused({ users: { $: { after } } });
    expect(error.message).toBe('Validation failed for coerced-query');
    expect(error.hint).toMatchObject({
      'data-type': 'coerced-query',
      errors: [{ expected: `${CHECKS}cursor-conformer`, in: [0, 'option-map', 'after'] }],
    });
  });

  test('with a path through a value', () => {
    const error = refused({ users: { $: { where: { 'bio.name': 1 } } } });
    expect(error.message).toBe('Validation failed for attr: users.bio needs to be a link');
  });

  test('that nests without end', () => {
    const deep = (levels: number, wrap: (inner: unknown) => unknown, end: unknown): unknown =>
      Array.from({ length: levels }).reduce((inner) => wrap(inner), end);
    const message = 'The query nests more than 64 levels deep.';
    const forms = { users: deep(5_000, (friends) => ({ friends }), {}) };
    const where = deep(5_000, (inner) => ({ or: [inner] }), { handle: 'a' });
    const path = { [`${'friends.'.repeat(5_000)}handle`]: 'a' };
    expect(issues(forms)[0]).toMatchObject({ message });
    expect(issues({ users: { $: { where } } })[0]).toMatchObject({ message });
    expect(issues({ users: { $: { where: path } } })[0]).toMatchObject({ message });
  });

  test('of more forms than anybody would write', () => {
    const forms = (count: number): Record<string, unknown> =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`form${i}`, {}]));
    const message = 'The query has more than 1000 namespaces and links.';
    expect(issues(forms(1_001))[0]).toMatchObject({ message });
    expect(issues({ users: forms(1_000) })[0]).toMatchObject({ message });
  });
});

describe('a query is answered', () => {
  test.each<[what: string, query: Record<string, unknown>]>([
    ['about a namespace that is unknown', { nobody: { friends: {} } }],
    ['with a label that is unknown', { users: { $: { where: { nope: 1 } } } }],
    ['with a path through a label that is unknown', { users: { $: { where: { 'nope.name': 1 } } } }],
    ['by serverCreatedAt in where', { users: { $: { where: { $serverCreatedAt: 1 } } } }],
    ['about __proto__', JSON.parse('{"__proto__": {"constructor": {}}}')],
    ['about constructor', { constructor: { $: { where: { toString: 1, 'valueOf.x': 2 } } } }],
  ])('%s, with nothing', (_, query) => {
    expect(app.run(query).triples).toEqual([]);
    expect(app.found(query)).toEqual([]);
  });

  test('with options that are null or false as if they were not there', () => {
    const $ = {
      limit: null,
      first: false,
      after: null,
      order: null,
      where: null,
      fields: null,
      aggregate: null,
    };
    expect(app.run({ users: { $ } }).pageInfo).toEqual({});
  });

  test('and its $$ruleParams are handed on', () => {
    const { ruleParams, forms } = app.run({ users: {}, $$ruleParams: { key: 'k' } });
    expect(ruleParams).toEqual({ key: 'k' });
    expect(forms.map(({ key }) => key)).toEqual(['users']);
  });

  test('and Object.prototype stays as it was', () => {
    app.add('users', 'joe', { handle: 'joe' });
    const query = JSON.parse('{"users": {"__proto__": {}, "$": {"fields": ["__proto__", "constructor"]}}}');
    app.run(query);
    expect(app.found(query)).toEqual(['joe']);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>).handle).toBeUndefined();
  });
});
