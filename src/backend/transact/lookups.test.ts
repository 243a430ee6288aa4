import { describe, expect, test } from 'vitest';
import { TestApp, uuid } from './test-app.ts';

const [joe, alex, post] = [uuid(1), uuid(2), uuid(3)];

function blog(): TestApp {
  const app = new TestApp();
  app.add('users/id', { 'unique?': true });
  app.add('users/name');
  app.add('users/email', { 'unique?': true, 'index?': true });
  app.add('users/age', { 'index?': true });
  app.add('posts/id', { 'unique?': true });
  app.add('posts/slug', { 'unique?': true });
  app.add('posts/author', { to: 'users/posts' });
  app.run([['add-triple', joe, app.id('users/email'), 'joe']]);
  return app;
}

describe('a lookup of the entity', () => {
  test('finds the entity with the value', () => {
    const app = blog();
    app.run([['add-triple', [app.id('users/email'), 'joe'], app.id('users/name'), 'Joe']]);
    expect(app.values('users/name')).toEqual([[joe, 'Joe']]);
  });

  test('creates one entity for all steps with the same lookup', () => {
    const app = blog();
    const lookup = [app.id('users/email'), 'new'];
    app.run([
      ['add-triple', lookup, app.id('users/id'), lookup],
      ['add-triple', lookup, app.id('users/name'), 'New'],
      ['deep-merge-triple', lookup, app.id('users/name'), 'Newer'],
    ]);
    const [[created]] = app.values('users/id') as [[string, unknown]];
    expect(created).not.toBe(joe);
    expect(app.values('users/id')).toEqual([[created, created]]);
    expect(app.values('users/name')).toEqual([[created, 'Newer']]);
    expect(app.values('users/email')).toContainEqual([created, 'new']);
    expect(app.values('users/age')).toEqual([[created, null]]);
  });

  test('by null creates one entity for each transaction, because null names none', () => {
    const app = blog();
    const lookup = [app.id('users/email'), null];
    const steps = [
      ['add-triple', lookup, app.id('users/name'), 'x'],
      ['add-triple', lookup, app.id('users/age'), 1],
    ];
    app.run(steps);
    expect(app.values('users/name').map(([e]) => e)).toEqual(app.values('users/age').map(([e]) => e));
    app.run(steps);
    expect(app.values('users/name')).toHaveLength(2);
  });

  test('by id creates the entity with that id', () => {
    const app = blog();
    app.run([['add-triple', [app.id('users/id'), alex], app.id('users/name'), 'Alex']]);
    expect(app.values('users/id')).toEqual([[alex, alex]]);
    expect(app.values('users/name')).toEqual([[alex, 'Alex']]);
    expect(app.values('users/age')).toEqual([[alex, null]]);
  });

  test('can go by a link whose far end has one', () => {
    const app = blog();
    const profile = app.add('users/profile', { to: 'profiles/owner', 'unique?': true });
    app.run([['add-triple', joe, profile, post]]);
    app.run([['add-triple', [profile, post], app.id('users/name'), 'Joe']]);
    expect(app.values('users/name')).toEqual([[joe, 'Joe']]);
  });

  test('can change the value it went by, if the entity exists', () => {
    const app = blog();
    const email = app.id('users/email');
    app.run([
      ['add-triple', [email, 'joe'], email, 'joseph'],
      ['add-triple', [email, 'joe'], app.id('users/name'), 'Joseph'],
    ]);
    expect(app.values('users/email')).toEqual([[joe, 'joseph']]);
    expect(app.values('users/name')).toEqual([[joe, 'Joseph']]);
    for (const op of ['add-triple', 'deep-merge-triple']) {
      for (const value of ['newer', 'newest']) {
        expect(app.refusal([[op, [email, 'newer'], email, value]])).toMatchObject({
          message:
            'Validation failed for lookup: Updates with lookups can only update the lookup attribute if an entity with the unique attribute value already exists.',
          hint: { input: [[email, 'newer']] },
        });
      }
    }
  });

  test('is looked up anew by each operation, as the one before has left the data, but for a client', () => {
    const rename = (app: TestApp): unknown[] => [
      ['add-triple', [app.id('users/email'), 'joe'], app.id('users/email'), 'joseph'],
      ['deep-merge-triple', [app.id('users/email'), 'joe'], app.id('users/name'), 'Joe'],
    ];
    const asAdmin = blog();
    asAdmin.run(rename(asAdmin));
    expect(asAdmin.values('users/email').map(([, v]) => v)).toEqual(['joseph', 'joe']);
    const asClient = blog();
    asClient.run(rename(asClient), { admin: false });
    expect(asClient.values('users/email')).toEqual([[joe, 'joseph']]);
    expect(asClient.values('users/name')).toEqual([[joe, 'Joe']]);
  });

  test('counts for a client as the id that it finds, in messages and in the kinds of values that were seen', () => {
    const app = blog();
    const author = app.id('posts/author');
    const lookup = [app.id('users/email'), 'joe'];
    const create = [['add-triple', lookup, app.id('users/name'), 'x', { mode: 'create' }]];
    expect(app.refusal(create, { admin: false }).message).toContain(`Creating entities that exist: ${joe}`);
    expect(app.refusal(create).message).toContain('Creating entities that exist: [#uuid');
    app.run([['add-triple', post, author, lookup]], { admin: false });
    expect(app.attr('posts/author')?.['inferred-types']).toEqual(['string']);
    app.run([['add-triple', post, author, lookup]]);
    expect(app.attr('posts/author')?.['inferred-types']).toEqual(['string', 'json']);
  });

  test('may be renamed by a later operation than the one that creates it', () => {
    const app = blog();
    const lookup = [app.id('users/email'), 'new'];
    app.run([
      ['add-triple', lookup, app.id('users/id'), lookup],
      ['deep-merge-triple', lookup, app.id('users/email'), 'newer'],
    ]);
    expect(app.values('users/email').map(([, v]) => v)).toContain('newer');
  });

  test('has to go by a unique attribute that exists', () => {
    const app = blog();
    const by = (a: string): unknown => [['add-triple', [a, 'x'], app.id('users/age'), 1]];
    for (const a of [app.id('users/name'), uuid(99)]) {
      expect(app.refusal(by(a))).toMatchObject({
        type: 'sql-raise',
        message: `Raised Exception: We could not find an attribute with id = '${a}'`,
      });
    }
  });

  test('creates nothing where something is to be taken away', () => {
    const app = blog();
    const lookup = [app.id('users/email'), 'nobody'];
    expect(
      app.run([
        ['retract-triple', lookup, app.id('users/name'), 'x'],
        ['delete-entity', lookup, 'users'],
      ]),
    ).toEqual([]);
    app.run([['delete-entity', [app.id('users/email'), 'joe'], 'users']]);
    expect(app.values('users/email')).toEqual([]);
  });

  test('need not go by a unique attribute where a value is taken away', () => {
    const app = blog();
    const [name, age] = [app.id('users/name'), app.id('users/age')];
    app.run([
      ['add-triple', joe, name, 'Joe'],
      ['add-triple', joe, age, 3],
    ]);
    app.run([['retract-triple', [name, 'Joe'], age, 3]]);
    expect(app.values('users/age')).toEqual([]);
  });

  test('has to be in the namespace of the attribute, for a client', () => {
    const app = blog();
    const steps = [['add-triple', [app.id('posts/slug'), 'a'], app.id('users/name'), 'x']];
    expect(app.refusal(steps, { admin: false }).message).toBe(
      'Validation failed for tx-step: Invalid transaction. The namespace in the lookup attribute is different from the namespace of the attribute that is being set',
    );
    expect(
      app.refusal([['add-triple', [uuid(99), 'a'], app.id('users/name'), 'x']], { admin: false }).message,
    ).toBe(
      'Validation failed for lookup: Invalid lookup. Could not determine namespace from lookup attribute.',
    );
    const params = [['rule-params', [app.id('posts/slug'), 'a'], 'users', {}]];
    expect(app.refusal(params, { admin: false }).message).toContain('The namespace in the lookup attribute');
  });
});

describe('a lookup of the target', () => {
  test('finds the entity with the value', () => {
    const app = blog();
    app.run([['add-triple', post, app.id('posts/author'), [app.id('users/email'), 'joe']]]);
    expect(app.values('posts/author')).toEqual([[post, joe]]);
    app.run([['retract-triple', post, app.id('posts/author'), [app.id('users/email'), 'joe']]]);
    expect(app.values('posts/author')).toEqual([]);
  });

  test('finds an entity that a lookup of the same transaction creates, whatever the order', () => {
    const app = blog();
    const lookup = [app.id('users/email'), 'new'];
    app.run([
      ['add-triple', post, app.id('posts/author'), lookup],
      ['add-triple', lookup, app.id('users/name'), 'New'],
    ]);
    expect(app.values('posts/author')[0]?.[1]).toBe(app.values('users/name')[0]?.[0]);
  });

  test('that finds nothing is refused', () => {
    const app = blog();
    const email = app.id('users/email');
    expect(app.refusal([['add-triple', post, app.id('posts/author'), [email, 'nobody']]])).toEqual({
      type: 'validation-failed',
      message: 'Validation failed for lookup: The entity for the lookup does not exist.',
      hint: {
        'data-type': 'lookup',
        input: { 'attribute-id': email, namespace: 'users', label: 'email', value: 'nobody' },
        errors: [{ message: 'The entity for the lookup does not exist.' }],
      },
    });
    expect(app.run([['retract-triple', post, app.id('posts/author'), [email, 'nobody']]])).toEqual([]);
  });

  test('is a plain value where the attribute is no link', () => {
    const app = blog();
    const pair = [app.id('users/email'), 'joe'];
    app.run([['add-triple', joe, app.id('users/name'), pair]]);
    expect(app.values('users/name')).toEqual([[joe, pair]]);
  });

  test('has to be in the namespace of the target, for a client', () => {
    const app = blog();
    const steps = [['add-triple', post, app.id('posts/author'), [app.id('posts/slug'), 'a']]];
    expect(app.refusal(steps, { admin: false }).message).toContain(
      'The namespace in the lookup attribute is different',
    );
  });
});
