import { describe, expect, test } from 'vitest';
import { blog, TestApp, uuid } from './test-app.ts';

const [joe, alex, post] = [uuid(1), uuid(2), uuid(3)];

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
