import { describe, expect, test } from 'vitest';
import { blog, TestApp, uuid } from './test-app.ts';

const [joe, alex, post] = [uuid(1), uuid(2), uuid(3)];

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

  test('are checked write by write, by entity: a freed value can be taken by a later one, a swap cannot be made', () => {
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
    ).toMatchObject({ type: 'record-not-unique', hint: { value: '"a"' } });
    app.run([
      ['add-triple', alex, email, 'j'],
      ['add-triple', joe, email, 'free'],
    ]);
    expect(app.values('users/email')).toEqual([
      [joe, 'free'],
      [alex, 'j'],
    ]);
    expect(
      app.refusal([
        ['add-triple', alex, email, 'b'],
        ['add-triple', joe, email, 'j'],
      ]),
    ).toEqual(conflict(app));
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
    // Postgres takes 12 bytes more for a text.
    const text = (bytes: number): string => 'ä'.repeat((bytes - 12) / 2);
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

  test('show the beginning of a value that is long', () => {
    const app = new TestApp();
    const age = app.add('users/age', { 'checked-data-type': 'number' });
    const words = { b: 1, a: 'é'.repeat(40) };
    expect(app.refusal([['add-triple', joe, age, words]])).toMatchObject({
      message: 'Invalid value type for users.age. Value must be a number.',
      hint: { value: `{"a": "${'é'.repeat(28)}...`, 'checked-data-type': 'number' },
    });
    const nick = app.add('users/nick', { 'index?': true });
    expect(app.refusal([['add-triple', joe, nick, 'a'.repeat(2000)]]).hint).toEqual({
      namespace: 'users',
      attribute: 'nick',
      value: `"${'a'.repeat(63)}...`,
      'checked-data-type': 'null',
      'attr-id': nick,
      'entity-id': joe,
      'value-too-large?': true,
    });
  });

  test('refuse for a link what is no id, or too large for one', () => {
    const app = blog();
    const pals = app.id('users/pals');
    expect(app.refusal([['add-triple', joe, pals, '']])).toMatchObject({
      message: 'Linked value must be a valid uuid.',
      hint: { value: '', 'checked-data-type': 'null' },
    });
    expect(app.refusal([['add-triple', joe, pals, 'x'.repeat(2000)]]).message).toBe(
      'Value is too large for an indexed attribute.',
    );
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
