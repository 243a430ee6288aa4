import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../protocol/json.ts';
import { TestApp, uuid } from './test-app.ts';

const e = uuid(1);
const a = uuid(2);
const blob = {
  id: a,
  'forward-identity': [uuid(3), 'users', 'name'],
  'value-type': 'blob',
  cardinality: 'one',
  'unique?': false,
  'index?': false,
};

describe('the grammar of steps', () => {
  test.each<[steps: unknown, expected: JsonValue, path: (string | number)[]]>([
    [1, 'coll?', []],
    [null, 'coll?', []],
    [{}, 'coll?', []],
    [[['add-triple', e, a, 1], 'x'], 'coll?', [1]],
    [[[]], ['restore-attr'], [0, 0]],
    [[['drop-table', e]], ['restore-attr'], [0, 0]],
    [[['delete-entity']], ['restore-attr'], [0, 0]],
    [[['delete-attr']], ['restore-attr'], [0, 0]],
    [[['restore-attr']], ['delete-attr'], [0, 0]],
    [[['restore-attr', 'name']], 'uuid?', [0, 1]],
    [[['add-triple']], 'instant.db.model.triple/lookup', [0]],
    [[['add-triple', e]], 'instant.db.model.triple/attr-id', [0]],
    [[['add-triple', e, a]], 'instant.db.model.triple/value', [0]],
    [[['add-triple', e, 'name', 1]], 'uuid?', [0, 2]],
    [[['add-triple', e, 'name']], 'uuid?', [0, 2]],
    [[['retract-triple', e, 'name', 1, 2, 3]], 'uuid?', [0, 2]],
    [[['add-triple', [a], a, 1]], ['=', ['count', '%'], 2], [0, 1]],
    [[['add-triple', ['name', 1], a, 1]], 'uuid?', [0, 1, 0]],
    [[['add-triple', e, a, 1, { mode: 'replace' }]], 'instant.db.transaction/mode', [0, 4, 'mode']],
    [[['add-triple', e, a, 1, 'create']], 'nil?', [0, 4]],
    [[['add-triple', e, a, 1, {}, 1]], ['restore-attr'], [0, 0]],
    [[['retract-triple', e, a, 1, {}]], ['restore-attr'], [0, 0]],
    [[['delete-entity', e, 1]], 'string?', [0, 2]],
    [[['rule-params', e, 'users', 1]], 'map?', [0, 3]],
    [[['rule-params', 'joe', 'users', {}]], 'vector?', [0, 1]],
    [[['delete-attr', 'name']], 'uuid?', [0, 1]],
    [[['add-attr', 1]], 'instant.db.model.attr/value-type', [0, 1]],
    [[['add-attr']], 'instant.db.model.attr/value-type', [0, 1]],
    [[['update-attr']], 'map?', [0, 1]],
    [[['add-attr', { ...blob, id: null }]], 'uuid?', [0, 1, 'id']],
    [
      [['add-attr', { ...blob, 'forward-identity': [uuid(3), 'users'] }]],
      'instant.db.model.attr/label',
      [0, 1, 'forward-identity'],
    ],
    [
      [['add-attr', { ...blob, 'forward-identity': [uuid(3), 'users', ' '] }]],
      'instant.util.spec/non-blank-string',
      [0, 1, 'forward-identity', 2],
    ],
    [
      [['add-attr', { ...blob, 'value-type': 'ref' }]],
      ['fn', ['%'], ['contains?', '%', 'reverse-identity']],
      [0, 1],
    ],
    [[['add-attr', { ...blob, 'value-type': 'instant' }]], 'instant.db.model.attr/value-type', [0, 1]],
    [
      [['add-attr', { ...blob, 'checked-data-type': 'money' }]],
      'instant.db.model.attr/checked-data-type',
      [0, 1, 'checked-data-type'],
    ],
    [[['add-attr', { ...blob, 'unique?': 1 }]], 'boolean?', [0, 1, 'unique?']],
    [[['update-attr', { 'unique?': true }]], ['fn', ['%'], ['contains?', '%', 'id']], [0, 1]],
    [[['add-triple', e, a, Number.NaN]], 'value?', [0, 3]],
    [[['add-triple', e, a, { deep: [() => 1] }]], 'value?', [0, 3]],
    [[['add-triple', e, a, new Date(0)]], 'value?', [0, 3]],
  ])('refuses %j', (steps, expected, path) => {
    const { type, message, hint } = new TestApp().refusal(steps);
    expect({ type, message }).toEqual({
      type: 'validation-failed',
      message: 'Validation failed for tx-steps',
    });
    expect(hint).toMatchObject({ 'data-type': 'tx-steps', errors: [{ expected, in: path }] });
  });

  test('names an entity id that is none, before anything else that is wrong', () => {
    const { message, hint } = new TestApp().refusal([
      ['add-triple', e, 'name'],
      ['delete-entity', 'joe', 'users'],
    ]);
    expect(message).toBe(
      "Validation failed for tx-steps: Invalid entity ID 'joe'. Entity IDs must be UUIDs. Use id() or lookup() to generate a valid UUID.",
    );
    expect(hint).toMatchObject({ errors: [{ in: [1, 1] }] });
  });

  test('names a lookup by id whose value is no id', () => {
    const app = new TestApp();
    const id = app.add('users/id', { 'unique?': true });
    expect(app.refusal([['add-triple', [id, 'joe'], id, 1]])).toMatchObject({
      message: `Validation failed for tx-steps: Invalid lookup '[#uuid "${id}" "joe"]'. The lookup attribute is 'users.id', but the lookup value is not a valid UUID.`,
      hint: { errors: [{ in: [0, 1] }] },
    });
  });

  test('takes ids in upper case for the same ids, in keys and values of any depth', () => {
    const app = new TestApp();
    const name = app.add('users/name');
    const upper = 'ABCDEF00-0000-4000-8000-00000000000A';
    const lower = upper.toLowerCase();
    app.run([['add-triple', upper, name.toUpperCase(), { [upper]: [{ id: upper, text: `${upper}!` }] }]]);
    expect(app.values('users/name')).toEqual([[lower, { [lower]: [{ id: lower, text: `${upper}!` }] }]]);
  });

  test('keeps a key "__proto__" as data', () => {
    const app = new TestApp();
    const info = app.add('users/info');
    const value: unknown = JSON.parse('{"__proto__":{"admin":true}}');
    app.run([['add-triple', e, info, value]]);
    app.run([['deep-merge-triple', e, info, { more: 1 }]]);
    expect(JSON.stringify(app.values('users/info')[0]?.[1])).toBe('{"__proto__":{"admin":true},"more":1}');
  });

  test.each([['a\u0000b'], [{ 'a\u0000b': 1 }], [[['a\u0000b']]]])('refuses the null byte in %j', (value) => {
    expect(new TestApp().refusal([['add-triple', e, a, value]])).toMatchObject({
      type: 'validation-failed',
      message: 'A value in the transaction contains null bytes, which cannot be stored.',
    });
  });

  test('refuses nesting that would exhaust the stack', () => {
    const deep: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
    expect(new TestApp().refusal([['add-triple', e, a, deep]]).type).toBe('validation-failed');
  });

  test('does not share values with its caller', () => {
    const app = new TestApp();
    const value = { tags: ['x'] };
    app.run([['add-triple', e, app.add('users/info'), value]]);
    value.tags.push('y');
    expect(app.values('users/info')).toEqual([[e, { tags: ['x'] }]]);
  });

  test('any input is applied or refused with an error of the protocol', () => {
    const app = new TestApp();
    const attrs = [
      app.add('users/id', { 'unique?': true }),
      app.add('users/name'),
      app.add('users/pals', { to: 'users/palOf' }),
    ];
    const known = fc.constantFrom(...attrs, e, uuid(4), uuid(5));
    const ops = fc.constantFrom(
      'add-triple',
      'deep-merge-triple',
      'retract-triple',
      'delete-entity',
      'rule-params',
      'add-attr',
      'update-attr',
      'delete-attr',
      'restore-attr',
    );
    const part = fc.oneof(
      known,
      fc.tuple(known, known),
      fc.constantFrom({ mode: 'create' }, 'users', blob),
      fc.anything(),
    );
    const step = fc.oneof(fc.tuple(ops, part, part, part, part), fc.tuple(ops, part, part), fc.anything());
    fc.assert(
      fc.property(fc.oneof(fc.array(step, { maxLength: 4 }), fc.anything()), (steps) => {
        try {
          app.run(steps, { admin: true });
        } catch (error) {
          expect((error as Error).name).toBe('ServerError');
        }
      }),
      { numRuns: 500 },
    );
  });
});
