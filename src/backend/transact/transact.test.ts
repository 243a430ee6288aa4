import { describe, expect, test } from 'vitest';
import { blog, type TestApp, uuid } from './test-app.ts';

const [joe, alex, post] = [uuid(1), uuid(2), uuid(3)];

describe('add-triple', () => {
  test('replaces a value of cardinality one and keeps its time', () => {
    const app = blog();
    app.now = 10;
    app.run([['add-triple', joe, app.id('users/name'), 'Joe']]);
    app.now = 20;
    expect(app.run([['add-triple', joe, app.id('users/name'), 'Joseph']])).toEqual([
      { kind: 'remove', triple: [joe, app.id('users/name'), 'Joe', 10] },
      { kind: 'add', triple: [joe, app.id('users/name'), 'Joseph', 10] },
    ]);
  });

  test('changes nothing when the value is there already', () => {
    const app = blog();
    const steps = [
      ['add-triple', joe, app.id('users/name'), { a: 1, b: 2 }],
      ['add-triple', joe, app.id('users/pals'), alex],
    ];
    expect(app.run(steps)).not.toEqual([]);
    expect(app.run([['add-triple', joe, app.id('users/name'), { b: 2, a: 1 }], steps[1]])).toEqual([]);
  });

  test('lets the last of several writes to one value win', () => {
    const app = blog();
    app.run([['add-triple', alex, app.id('users/email'), 'taken']]);
    app.run([
      ['add-triple', joe, app.id('users/email'), 'taken'],
      ['add-triple', joe, app.id('users/email'), 'free'],
    ]);
    expect(app.values('users/email')).toEqual([
      [joe, 'free'],
      [alex, 'taken'],
    ]);
  });

  test('keeps links of cardinality many as a set', () => {
    const app = blog();
    const pals = app.id('users/pals');
    app.run([
      ['add-triple', joe, pals, alex],
      ['add-triple', joe, pals, joe],
      ['add-triple', joe, pals, alex],
    ]);
    expect(app.values('users/pals')).toEqual([
      [joe, joe],
      [joe, alex],
    ]);
  });

  test('stores a link to an entity that does not exist, and does not create it', () => {
    const app = blog();
    app.run([['add-triple', post, app.id('posts/author'), joe]]);
    expect(app.values('posts/author')).toEqual([[post, joe]]);
    expect(app.data.triples.exists(joe, 'users')).toBe(false);
  });

  test('refuses an attribute that does not exist', () => {
    const app = blog();
    for (const op of ['add-triple', 'deep-merge-triple']) {
      expect(app.refusal([[op, joe, uuid(99), 1]])).toMatchObject({
        type: 'sql-raise',
        message: `Raised Exception: We could not find an attribute with id = '${uuid(99)}'`,
      });
    }
  });

  test('refuses to link to what is no id', () => {
    const app = blog();
    const steps = [['add-triple', post, app.id('posts/author'), 'joe']];
    expect(app.refusal(steps)).toMatchObject({
      type: 'validation-failed',
      message: 'Linked value must be a valid uuid.',
      hint: {
        namespace: 'posts',
        attribute: 'author',
        value: 'joe',
        'checked-data-type': 'null',
        'entity-id': post,
      },
    });
    expect(app.refusal(steps, { admin: false }).message).toBe(
      'Validation failed for eid: Expected link value to be a uuid.',
    );
  });
});

describe('modes', () => {
  const create = (app: TestApp, e: unknown): unknown[] => [
    ['add-triple', e, app.id('users/id'), e, { mode: 'create' }],
    ['add-triple', e, app.id('users/name'), 'Joe', { mode: 'create' }],
  ];

  test('create refuses an entity that exists in the namespace', () => {
    const app = blog();
    app.run([['add-triple', joe, app.id('posts/id'), joe]]);
    app.run(create(app, joe));
    expect(app.refusal(create(app, joe))).toMatchObject({
      type: 'validation-failed',
      message: `Validation failed for tx-step: Creating entities that exist: ${joe}, ${joe}`,
      hint: { 'data-type': 'tx-step' },
    });
  });

  test('create looks at the data before the transaction', () => {
    const app = blog();
    app.run(create(app, joe));
    expect(app.refusal([['delete-entity', joe, 'users'], ...create(app, joe)]).message).toContain(
      'that exist',
    );
  });

  test('update refuses an entity that does not exist in the namespace', () => {
    const app = blog();
    app.run([['add-triple', joe, app.id('posts/id'), joe]]);
    const update = (e: unknown): unknown => ['add-triple', e, app.id('users/name'), 'x', { mode: 'update' }];
    expect(app.refusal([update(joe), update(alex)]).message).toBe(
      `Validation failed for tx-step: Updating entities that don't exist: ${joe}, ${alex}`,
    );
    const email = app.id('users/email');
    expect(app.refusal([update([email, 'j "1"'])]).message).toBe(
      `Validation failed for tx-step: Updating entities that don't exist: [#uuid "${email}" "j \\"1\\""]`,
    );
  });

  test('take an entity that exists in one of the namespaces that they name for one in all of them', () => {
    const app = blog();
    app.run([['add-triple', joe, app.id('posts/id'), joe]]);
    const steps = [...create(app, joe), ['add-triple', joe, app.id('posts/id'), joe, { mode: 'update' }]];
    expect(app.refusal(steps).message).toContain('Creating entities that exist');
  });
});

describe('operations', () => {
  test('run by kind, in the order in which each kind appears first', () => {
    const app = blog();
    const add = (name: string): unknown => ['add-triple', joe, app.id('users/name'), name];
    app.run([add('one'), ['delete-entity', joe, 'users'], add('two')]);
    expect(app.values('users/name')).toEqual([]);
    app.run([['delete-entity', joe, 'users'], add('three')]);
    expect(app.values('users/name')).toEqual([[joe, 'three']]);
  });

  test('of attributes and of triples may stand in one transaction', () => {
    const app = blog();
    const attr = app.define('users/nick');
    app.run([
      ['add-attr', attr],
      ['add-triple', joe, attr.id, 'j'],
    ]);
    expect(app.values('users/nick')).toEqual([[joe, 'j']]);
  });

  test('with nothing to do change nothing', () => {
    expect(blog().run([])).toEqual([]);
    expect(blog().run([['rule-params', joe, 'users', { secret: 1 }]])).toEqual([]);
  });
});

describe('retract-triple', () => {
  test('takes exactly the given value', () => {
    const app = blog();
    const pals = app.id('users/pals');
    app.run([
      ['add-triple', joe, pals, alex],
      ['add-triple', joe, pals, joe],
    ]);
    app.run([
      ['retract-triple', joe, pals, alex],
      ['retract-triple', alex, pals, joe],
    ]);
    expect(app.values('users/pals')).toEqual([[joe, joe]]);
  });
});

describe('deep-merge-triple', () => {
  test('applies the patches of one value in order', () => {
    const app = blog();
    const name = app.id('users/name');
    app.run([
      ['deep-merge-triple', joe, name, { a: 1, b: { c: 1 } }],
      ['deep-merge-triple', joe, name, { a: null, b: { d: 2 } }],
    ]);
    expect(app.values('users/name')).toEqual([[joe, { b: { c: 1, d: 2 } }]]);
  });

  test('is refused for links', () => {
    const app = blog();
    expect(app.refusal([['deep-merge-triple', post, app.id('posts/author'), joe]])).toMatchObject({
      type: 'sql-raise',
      message: 'Raised Exception: merge operation is not supported for links',
    });
  });
});

describe('inferred types', () => {
  test('grow with the kinds of values that are written, and never shrink', () => {
    const app = blog();
    const name = app.id('users/name');
    const types = (): unknown => app.attr('users/name')?.['inferred-types'];
    expect(types()).toBeNull();
    app.run([['add-triple', joe, name, null]]);
    expect(types()).toBeNull();
    app.run([['add-triple', joe, name, 'x']]);
    app.run([['deep-merge-triple', joe, name, { a: 1 }]]);
    expect(types()).toEqual(['string', 'json']);
    const { version } = app.data.catalog;
    app.run([['add-triple', joe, name, 'y']]);
    expect(app.data.catalog.version).toBe(version);
  });

  test('are not kept of system attributes', () => {
    const app = blog();
    app.run([['add-triple', joe, app.id('$users/email'), 'j']]);
    expect(app.attr('$users/email')?.['inferred-types']).toBeNull();
  });
});
