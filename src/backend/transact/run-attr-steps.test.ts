import { describe, expect, test } from 'vitest';
import { TestApp, uuid } from './test-app.ts';

const [joe, alex] = [uuid(1), uuid(2)];

function people(): TestApp {
  const app = new TestApp();
  app.add('users/id', { 'unique?': true });
  app.add('users/name');
  app.add('users/pals', { to: 'users/palOf', cardinality: 'many' });
  return app;
}

describe('add-attr', () => {
  test('adds the attribute as clients see it', () => {
    const app = people();
    const attr = { ...app.define('users/age', { 'index?': true }), isUnsynced: true, 'on-delete': null };
    app.run([['add-attr', attr]]);
    const { isUnsynced: _, 'on-delete': __, ...expected } = attr;
    expect(app.attr('users/age')).toEqual({
      ...expected,
      'required?': false,
      catalog: 'user',
      'inferred-types': null,
    });
  });

  test('twice with the same definition does nothing', () => {
    const app = people();
    const attr = app.define('users/age');
    app.run([['add-attr', attr]]);
    app.run([['add-triple', joe, attr.id, 3]]);
    expect(
      app.run([
        ['add-attr', attr],
        ['add-attr', { ...attr, 'required?': false }],
      ]),
    ).toEqual([]);
  });

  test('again under the identity it has changes nothing, however it is defined', () => {
    const app = people();
    const attr = app.define('users/age');
    app.run([['add-attr', attr]]);
    expect(app.run([['add-attr', { ...attr, 'unique?': true, cardinality: 'many' }]])).toEqual([]);
  });

  test('refuses the id of another attribute, or of itself under another name', () => {
    const app = people();
    const attr = app.define('users/age');
    app.run([['add-attr', attr]]);
    const other = app.define('users/years');
    expect(app.refusal([['add-attr', { ...other, id: attr.id }]])).toMatchObject({
      type: 'sql-raise',
      message: `Raised Exception: The attribute with id ${attr.id} conflicts with an existing attribute with id ${attr.id}.`,
    });
    const renamed = {
      ...other,
      id: attr.id,
      'forward-identity': [attr['forward-identity'][0], 'users', 'years'],
    };
    expect(app.refusal([['add-attr', renamed]])).toMatchObject({
      type: 'sql-raise',
      message: 'Raised Exception: Another attribute for users.years exists with different properties.',
    });
    app.run([['delete-attr', attr.id]]);
    expect(app.refusal([['add-attr', attr]]).message).toBe(
      'Raised Exception: Another attribute for users.age exists with different properties.',
    );
  });

  test.each(['users/name', 'users/palOf'])('refuses the name %s, which is taken', (name) => {
    const app = people();
    const [etype, label] = name.split('/');
    expect(app.refusal([['add-attr', app.define(name)]])).toEqual({
      type: 'record-not-unique',
      message: `\`${label}\` already exists on \`${etype}\``,
      hint: { 'record-type': 'ident', etype, label },
    });
    expect(app.refusal([['add-attr', app.define('posts/x', { to: name })]]).type).toBe('record-not-unique');
  });

  test('refuses a link that has one name for both ends', () => {
    const app = people();
    expect(app.refusal([['add-attr', app.define('users/x', { to: 'users/x' })]]).type).toBe(
      'record-not-unique',
    );
  });

  test('refuses the identity id of another attribute', () => {
    const app = people();
    const ident = app.attr('users/name')?.['forward-identity'][0];
    const attr = app.define('users/x');
    expect(app.refusal([['add-attr', { ...attr, 'forward-identity': [ident, 'users', 'x'] }]])).toMatchObject(
      {
        type: 'sql-raise',
        message: 'Raised Exception: Another attribute for users.x exists with different properties.',
      },
    );
  });

  test('refuses a required attribute where there are entities', () => {
    const app = people();
    app.add('posts/title', { 'required?': true });
    app.run([['add-triple', joe, app.id('users/name'), 'Joe']]);
    expect(app.refusal([['add-attr', app.define('users/age', { 'required?': true })]]).message).toBe(
      "Validation failed for attributes: Can't create attribute `age` as required because `users` already have entities",
    );
    // Before its names are looked at, and even if it is there.
    const taken = app.define('users/name', { 'required?': true });
    expect(app.refusal([['add-attr', taken]]).type).toBe('validation-failed');
    const known = { ...app.attr('users/name'), 'required?': true };
    expect(app.refusal([['add-attr', known]]).type).toBe('validation-failed');
  });

  test.each([
    ['$users/email', '$users.email is a system column and it already exists.'],
    ['$users/linkedGuestUsers', '$users.linkedGuestUsers is a system column and it already exists.'],
    ['$moop/id', "$ is reserved for system tables. You can't create $moop"],
    ['$magicCodes/x', "$ is reserved for system tables. You can't create $magicCodes"],
  ])('refuses %s', (name, message) => {
    const app = people();
    const refused = { type: 'validation-failed', message: `Validation failed for attributes: ${message}` };
    expect(app.refusal([['add-attr', app.define(name)]])).toMatchObject(refused);
    expect(app.refusal([['add-attr', app.define('posts/x', { to: name })]])).toMatchObject(refused);
  });

  test('adds to $users, $files and $streams, but nothing required', () => {
    const app = people();
    for (const etype of ['$users', '$files', '$streams']) app.add(`${etype}/nick`);
    expect(app.refusal([['add-attr', app.define('$users/age', { 'required?': true })]]).message).toMatch(
      /^You can't create a required system attribute\./,
    );
  });
});

describe('update-attr', () => {
  test('changes what is mentioned and takes away cascades that are not', () => {
    const app = people();
    const owner = app.add('pets/owner', { to: 'users/pets', 'on-delete': 'cascade' });
    const before = app.attr('pets/owner');
    app.run([
      [
        'update-attr',
        { id: owner, 'required?': true, 'forward-identity': [uuid(99), 'animals', 'persistence'] },
      ],
    ]);
    const { 'on-delete': _, ...rest } = before ?? {};
    expect(app.attr('animals/persistence')).toEqual({
      ...rest,
      'required?': true,
      'forward-identity': [before?.['forward-identity'][0], 'animals', 'persistence'],
    });
    expect(app.attr('pets/owner')).toBeUndefined();
    expect(app.data.catalog.byReverse('users', 'pets')?.id).toBe(owner);
  });

  test('refuses names that are taken', () => {
    const app = people();
    for (const label of ['name', 'palOf']) {
      const update = { id: app.id('users/id'), 'forward-identity': [uuid(99), 'users', label] };
      expect(app.refusal([['update-attr', update]])).toEqual({
        type: 'record-not-unique',
        message: 'Record not unique: attr',
        hint: { 'record-type': 'attr' },
      });
    }
  });

  test('makes a value of an attribute a link, and no link of what is none', () => {
    const app = people();
    const boss = app.add('users/boss');
    app.run([['add-triple', joe, boss, alex]]);
    app.run([['update-attr', { id: boss, 'value-type': 'ref' }]]);
    expect(app.attr('users/boss')?.['value-type']).toBe('ref');
    const name = app.id('users/name');
    app.run([['add-triple', joe, name, 'Joe']]);
    expect(app.refusal([['update-attr', { id: name, 'value-type': 'ref' }]]).message).toBe(
      'Linked value must be a valid uuid.',
    );
  });

  test('refuses to make unique what is not', () => {
    const app = people();
    const name = app.id('users/name');
    app.run([
      ['add-triple', joe, name, 'x'],
      ['add-triple', alex, name, 'x'],
    ]);
    expect(app.refusal([['update-attr', { id: name, 'unique?': true }]])).toMatchObject({
      type: 'record-not-unique',
      hint: { 'record-type': 'triple', etype: 'users', label: 'name', value: '"x"' },
    });
  });

  test('refuses cardinality one where an entity has several values', () => {
    const app = people();
    const pals = app.id('users/pals');
    app.run([
      ['add-triple', joe, pals, alex],
      ['add-triple', joe, pals, joe],
    ]);
    expect(app.refusal([['update-attr', { id: pals, cardinality: 'one' }]])).toMatchObject({
      type: 'record-not-unique',
      message: 'Record not unique: triple',
    });
    app.run([['retract-triple', joe, pals, joe]]);
    app.run([['update-attr', { id: pals, cardinality: 'one' }]]);
    app.run([['add-triple', joe, pals, joe]]);
    expect(app.values('users/pals')).toEqual([[joe, joe]]);
  });

  test('refuses an index over a value that is too large', () => {
    const app = people();
    const name = app.id('users/name');
    app.run([['add-triple', joe, name, 'x'.repeat(2000)]]);
    expect(app.refusal([['update-attr', { id: name, 'index?': true }]]).message).toBe(
      'Value is too large for an indexed attribute.',
    );
  });

  test('refuses to require what an entity lacks, as the transaction leaves it', () => {
    const app = people();
    const name = app.id('users/name');
    const require = ['update-attr', { id: name, 'required?': true }];
    app.run([['add-triple', joe, app.id('users/id'), joe]]);
    expect(app.refusal([require]).message).toBe(
      "Validation failed for attributes: Can't update attribute `name` to required because `users` already have entities without it",
    );
    app.run([require, ['add-triple', joe, name, 'Joe']]);
    expect(app.attr('users/name')?.['required?']).toBe(true);
  });

  test('to required counts the entities of the app’s own attributes, also for one of the system', () => {
    const app = people();
    const require = ['update-attr', { id: app.id('$users/email'), 'required?': true }];
    expect(app.run([require])).toEqual([]);
    app.run([['add-triple', joe, app.id('$users/email'), 'j']]);
    expect(app.refusal([require]).message).toBe(
      "Validation failed for attributes: Can't update attribute `email` to required because `$users` already have entities without it",
    );
  });

  test('of an attribute that is not there, or of a system attribute, does nothing', () => {
    const app = people();
    expect(app.run([['update-attr', { id: uuid(99), 'unique?': true }]])).toEqual([]);
    expect(app.run([['update-attr', { id: app.id('$users/type'), 'unique?': true }]])).toEqual([]);
  });

  test('makes an attribute findable by value, and no longer', () => {
    const app = people();
    const name = app.id('users/name');
    const found = (): number => app.data.triples.attrValue(name, 'Joe').length;
    app.run([['add-triple', joe, name, 'Joe']]);
    app.run([['update-attr', { id: name, 'index?': true }]]);
    expect(found()).toBe(1);
    app.run([['update-attr', { id: name, 'index?': false }]]);
    app.run([['add-triple', alex, name, 'Joe']]);
    expect(found()).toBe(2);
  });
});

describe('a refused transaction', () => {
  test.each([true, false])('leaves the index of an attribute as it was, which is indexed: %s', (indexed) => {
    const app = people();
    const nick = app.add('users/nick', { 'index?': indexed });
    app.run([['add-triple', joe, nick, 'J']]);
    app.refusal([
      ['update-attr', { id: nick, 'index?': !indexed }],
      ['add-triple', alex, nick, 'J'],
      ['add-triple', alex, uuid(99), 1],
    ]);
    app.run([['add-triple', uuid(3), nick, 'J']]);
    expect(app.data.triples.attrValue(nick, 'J').map(([e]) => e)).toEqual([joe, uuid(3)]);
  });
});

describe('delete-attr and restore-attr', () => {
  test('put an attribute out of sight, and bring it back with its values', () => {
    const app = people();
    const age = app.add('users/age', { 'index?': true });
    app.run([
      ['add-triple', joe, app.id('users/id'), joe],
      ['add-triple', joe, age, 3],
    ]);
    const before = app.attr('users/age');
    app.now = 77;
    app.run([['delete-attr', age]]);
    expect(app.attr('users/age')).toBeUndefined();
    expect(app.data.catalog.list().some(({ id }) => id === age)).toBe(false);
    expect([...app.data.catalog.deleted()]).toEqual([
      {
        ...before,
        'forward-identity': [before?.['forward-identity'][0], `${age}_deleted$users`, `${age}_deleted$age`],
        'index?': false,
        'required?': false,
        'deletion-marked-at': 77,
        metadata: {
          soft_delete_snapshot: { is_indexed: true, is_required: false, id_attr_id: app.id('users/id') },
        },
      },
    ]);
    expect(app.refusal([['add-triple', joe, age, 4]]).type).toBe('sql-raise');
    app.run([['restore-attr', age]]);
    expect(app.attr('users/age')).toEqual({ ...before, 'index?': false });
    expect(app.values('users/age')).toEqual([[joe, 3]]);
    app.run([['add-triple', alex, age, 3]]);
    expect(app.data.triples.attrValue(age, 3)).toHaveLength(2);
  });

  test('free the name, which then stands in the way of restoring', () => {
    const app = people();
    const name = app.id('users/name');
    app.run([['delete-attr', name]]);
    app.add('users/name');
    expect(app.refusal([['restore-attr', name]])).toMatchObject({
      type: 'record-not-unique',
      message: 'Record not unique: attr',
    });
  });

  test('leave the values of an attribute with the entity, to go when all that it is goes', () => {
    const app = people();
    const pals = app.id('users/pals');
    app.run([
      ['add-triple', joe, app.id('users/id'), joe],
      ['add-triple', joe, pals, alex],
      ['add-triple', alex, pals, joe],
    ]);
    app.run([['delete-attr', pals]]);
    app.run([['delete-entity', alex, 'users']]);
    app.run([['delete-entity', joe]]);
    app.run([['restore-attr', pals]]);
    expect(app.values('users/pals')).toEqual([]);
  });

  test('leave them there when the entity goes from one namespace', () => {
    const app = people();
    const pals = app.id('users/pals');
    app.run([['add-triple', joe, pals, alex]]);
    app.run([['delete-attr', pals]]);
    app.run([['delete-entity', joe, 'users']]);
    app.run([['restore-attr', pals]]);
    expect(app.values('users/pals')).toEqual([[joe, alex]]);
  });

  test('work for links and for namespaces of the system', () => {
    const app = people();
    const pals = app.id('users/pals');
    const nick = app.add('$users/nick');
    app.run([
      ['delete-attr', pals],
      ['delete-attr', nick],
    ]);
    expect(app.data.catalog.byReverse('users', 'palOf')).toBeUndefined();
    app.run([
      ['restore-attr', pals],
      ['restore-attr', nick],
    ]);
    expect(app.data.catalog.byReverse('users', 'palOf')?.id).toBe(pals);
    expect(app.id('$users/nick')).toBe(nick);
  });

  test('leave what is not there, and the attributes of the system, alone', () => {
    const app = people();
    expect(
      app.run([
        ['delete-attr', uuid(99)],
        ['delete-attr', app.id('$users/email')],
        ['restore-attr', uuid(99)],
      ]),
    ).toEqual([]);
  });
});
