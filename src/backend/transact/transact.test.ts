import { describe, expect, test } from 'vitest';
import { TestApp, uuid } from './test-app.ts';

const [joe, alex, post] = [uuid(1), uuid(2), uuid(3)];

function blog(): TestApp {
  const app = new TestApp();
  app.add('users/id', { 'unique?': true });
  app.add('users/name');
  app.add('users/email', { 'unique?': true, 'index?': true });
  app.add('users/pals', { to: 'users/palOf', cardinality: 'many' });
  app.add('posts/id', { 'unique?': true });
  app.add('posts/author', { to: 'users/posts' });
  return app;
}

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
        'checked-data-type': null,
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
      message: `Validation failed for tx-step: Creating entities that exist: ${joe}`,
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
    expect(app.refusal([update([app.id('users/email'), 'j'])]).message).toContain(
      "Updating entities that don't exist",
    );
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

describe('unique attributes', () => {
  const conflict = (app: TestApp): object => ({
    type: 'record-not-unique',
    message: '`email` is a unique attribute on `users` and an entity already exists with `users.email` = "j"',
    hint: {
      'record-type': 'triple',
      'attr-id': app.id('users/email'),
      etype: 'users',
      label: 'email',
      value: '"j"',
    },
  });

  test('refuse a value that another entity has', () => {
    const app = blog();
    const email = app.id('users/email');
    app.run([['add-triple', joe, email, 'j']]);
    expect(app.refusal([['add-triple', alex, email, 'j']])).toEqual(conflict(app));
    expect(app.refusal([['deep-merge-triple', alex, email, 'j']])).toEqual(conflict(app));
  });

  test('let any number of entities have none', () => {
    const app = blog();
    const email = app.id('users/email');
    app.run([
      ['add-triple', joe, email, null],
      ['add-triple', alex, email, null],
    ]);
    expect(app.values('users/email')).toHaveLength(2);
  });

  test('are checked write by write: a freed value can be taken, a swap cannot be made', () => {
    const app = blog();
    const email = app.id('users/email');
    app.run([
      ['add-triple', joe, email, 'j'],
      ['add-triple', alex, email, 'a'],
    ]);
    expect(
      app.refusal([
        ['add-triple', alex, email, 'j'],
        ['add-triple', joe, email, 'a'],
      ]),
    ).toEqual(conflict(app));
    app.run([
      ['add-triple', joe, email, 'free'],
      ['add-triple', alex, email, 'j'],
    ]);
    expect(app.values('users/email')).toEqual([
      [joe, 'free'],
      [alex, 'j'],
    ]);
  });

  test('do not move a link whose far end has one', () => {
    const app = blog();
    const profile = app.add('users/profile', { to: 'profiles/owner', 'unique?': true });
    app.run([['add-triple', joe, profile, post]]);
    expect(app.refusal([['add-triple', alex, profile, post]]).type).toBe('record-not-unique');
  });
});

describe('checks of values', () => {
  test('refuse what is too large for an index', () => {
    const app = blog();
    const nick = app.add('users/nick', { 'index?': true });
    const text = (bytes: number): string => 'ä'.repeat((bytes - 2) / 2);
    app.run([['add-triple', joe, nick, text(1024)]]);
    expect(app.refusal([['add-triple', joe, nick, text(1026)]])).toMatchObject({
      type: 'validation-failed',
      message: 'Value is too large for an indexed attribute.',
      hint: {
        namespace: 'users',
        attribute: 'nick',
        'attr-id': nick,
        'entity-id': joe,
        'value-too-large?': true,
      },
    });
    expect(app.refusal([['add-triple', joe, app.id('users/email'), text(1026)]]).message).toBe(
      'Value is too large for a unique attribute.',
    );
    app.run([['add-triple', joe, app.id('users/name'), text(4096)]]);
  });

  test.each([
    ['string', 'x', 1, 'number'],
    ['number', 1, '1', 'string'],
    ['boolean', false, [], 'array'],
    ['date', '2025-01-02', 'soon', 'string'],
    ['date', 12, {}, 'object'],
  ] as const)('refuse another type than %s', (type, right, wrong, given) => {
    const app = new TestApp();
    const attr = app.add('users/field', { 'checked-data-type': type });
    app.run([['add-triple', joe, attr, right]]);
    app.run([['add-triple', alex, attr, null]]);
    expect(app.refusal([['add-triple', joe, attr, wrong]])).toEqual({
      type: 'validation-failed',
      message: `Invalid value type for users.field. Value must be a ${type} but the provided value type is ${given}.`,
      hint: {
        namespace: 'users',
        attribute: 'field',
        value: wrong,
        'checked-data-type': type,
        'attr-id': attr,
        'entity-id': joe,
      },
    });
    expect(app.values('users/field')).toEqual([
      [joe, right],
      [alex, null],
    ]);
  });
});

describe('required attributes', () => {
  function shop(): TestApp {
    const app = new TestApp();
    app.add('items/id', { 'unique?': true });
    app.add('items/name', { 'required?': true });
    app.add('items/shop', { to: 'shops/items', 'required?': true });
    return app;
  }
  const item = (app: TestApp, e: string, name: unknown = 'cup'): unknown[] => [
    ['add-triple', e, app.id('items/id'), e],
    ['add-triple', e, app.id('items/name'), name],
    ['add-triple', e, app.id('items/shop'), post],
  ];

  test('are needed by every entity that a transaction touches', () => {
    const app = shop();
    app.run(item(app, joe));
    expect(app.refusal([...item(app, joe, null), ...item(app, alex, null)])).toEqual({
      type: 'validation-failed',
      message: `Missing required attributes \`items/name\`: ${joe}, ${alex}`,
      hint: {
        records: [joe, alex].map((e) => ({
          entity_id: e,
          attr_id: app.id('items/name'),
          etype: 'items',
          label: 'name',
          is_required: true,
        })),
      },
    });
  });

  test('come with the id', () => {
    const app = shop();
    expect(app.refusal(item(app, joe).slice(1)).message).toBe(
      `Missing required attribute \`items/id\`: ${joe}`,
    );
    expect(app.refusal(item(app, joe).slice(0, 1)).message).toBe(
      `Missing required attribute \`items/name\`: ${joe}. Missing required attribute \`items/shop\`: ${joe}`,
    );
  });

  test('are missing when the target of a required link goes', () => {
    const app = shop();
    app.run(item(app, joe));
    expect(app.refusal([['delete-entity', post, 'shops']]).message).toBe(
      `Missing required attribute \`items/shop\`: ${joe}`,
    );
    app.run([
      ['delete-entity', post, 'shops'],
      ['delete-entity', joe, 'items'],
    ]);
    expect(app.values('items/id')).toEqual([]);
  });
});

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

  test('are added when an attribute becomes indexed', () => {
    const made = app();
    made.run([['add-triple', joe, made.id('users/id'), joe]]);
    const size = made.add('users/size');
    expect(made.values('users/size')).toEqual([]);
    made.run([['update-attr', { id: size, 'index?': true }]]);
    expect(made.values('users/size')).toEqual([[joe, null]]);
    made.add('users/weight', { 'index?': true });
    expect(made.values('users/weight')).toEqual([[joe, null]]);
  });

  test('are not made for links', () => {
    const made = app();
    made.add('users/boss', { to: 'users/reports', 'index?': true });
    made.run([['add-triple', joe, made.id('users/id'), joe]]);
    expect(made.values('users/boss')).toEqual([]);
  });
});

describe('delete-entity', () => {
  test('takes what the entity is in one namespace, and the links to it there', () => {
    const app = blog();
    app.run([
      ['add-triple', joe, app.id('users/name'), 'Joe'],
      ['add-triple', joe, app.id('users/pals'), joe],
      ['add-triple', alex, app.id('users/pals'), joe],
      ['add-triple', post, app.id('posts/author'), joe],
      ['add-triple', joe, app.id('posts/author'), alex],
    ]);
    app.run([['delete-entity', joe, 'users']]);
    expect(app.dump().triples.map(([name, triple]) => [name, triple[0], triple[2]])).toEqual([
      ['posts/author', joe, alex],
    ]);
  });

  test('without a namespace takes the entity in all of them', () => {
    const app = blog();
    app.run([
      ['add-triple', joe, app.id('users/name'), 'Joe'],
      ['add-triple', joe, app.id('posts/author'), alex],
    ]);
    app.run([['delete-entity', joe]]);
    expect(app.dump().triples).toEqual([]);
  });

  test('of something that is not there does nothing', () => {
    const app = blog();
    expect(
      app.run([
        ['delete-entity', joe, 'users'],
        ['delete-entity', joe],
        ['delete-entity', [app.id('users/email'), 'j'], 'users'],
      ]),
    ).toEqual([]);
  });
});

describe('cascades', () => {
  test('go both ways, through cycles, and tell namespaces apart', () => {
    const app = new TestApp();
    const parent = app.add('files/parent', { to: 'files/children', 'on-delete': 'cascade' });
    const parts = app.add('files/parts', {
      to: 'parts/file',
      cardinality: 'many',
      'on-delete-reverse': 'cascade',
    });
    const name = app.add('files/name');
    const size = app.add('parts/size');
    const [a, b, c, d] = [uuid(11), uuid(12), uuid(13), uuid(14)];
    app.run([
      ['add-triple', a, parent, c],
      ['add-triple', b, parent, a],
      ['add-triple', c, parent, b],
      ['add-triple', b, parts, d],
      ['add-triple', d, size, 1],
      ['add-triple', d, name, 'a file with the id of a part'],
      ['add-triple', joe, name, 'unrelated'],
    ]);
    app.run([['delete-entity', a, 'files']]);
    expect(app.dump().triples.map(([label, triple]) => [label, triple[0]])).toEqual([
      ['files/name', joe],
      ['files/name', d],
    ]);
  });

  test('follow the links that were there before the transaction', () => {
    const app = new TestApp();
    const parent = app.add('files/parent', { to: 'files/children', 'on-delete': 'cascade' });
    const name = app.add('files/name');
    app.run([['add-triple', alex, name, 'child']]);
    app.run([
      ['add-triple', alex, parent, joe],
      ['delete-entity', joe, 'files'],
    ]);
    expect(app.dump().triples.map(([label]) => label)).toEqual(['files/name']);
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
