import { expect, test } from 'vitest';
import { AttrsStoreClass } from '../../../node_modules/@instantdb/core/dist/esm/store.js';
import type { JsonValue } from '../../protocol/json.ts';
import type { Mutation, TransactionStep } from '../transactions/transactions.ts';
import { attr } from './core-store.fixture.ts';
import { rewriteWrites } from './rewrite-writes.ts';
import type { Attr, AttrsStore } from './store.ts';

const link = (id: string, forward: string, reverse: string): Attr =>
  ({
    ...attr(id),
    'value-type': 'ref',
    'forward-identity': [`f-${id}`, 'goals', forward],
    'reverse-identity': [`r-${id}`, 'goals', reverse],
  }) as Attr;

const added = (name: string, made: Attr): Attr => ({ ...made, id: `new-${name}` });

const known = [attr('id'), attr('title'), attr('email'), link('parent', 'parent', 'children')];
const attrs = new AttrsStoreClass(
  Object.fromEntries(known.map((one) => [one.id, one])) as never,
  null,
) as unknown as AttrsStore;

const adding: TransactionStep[] = [
  ['add-attr', added('id', attr('id')) as never],
  ['add-attr', added('title', attr('title')) as never],
  ['add-attr', added('email', attr('email')) as never],
  ['add-attr', added('children', link('x', 'children', 'parent')) as never],
];

function rewritten(...steps: TransactionStep[]): JsonValue[][] {
  const mutation: Mutation = { op: 'transact', 'tx-steps': [...adding, ...steps], created: 1, order: 1 };
  return [...rewriteWrites(attrs, new Map([['', mutation]])).values()].flatMap((one) => one['tx-steps']);
}

test('attributes that the server has take the place of those that a write adds, where a step names attributes', () => {
  const lookup = (name: string): JsonValue => [name, 'a@b.c'];
  expect(
    rewritten(
      ['add-triple', lookup('new-email'), 'new-id', lookup('new-email'), { mode: 'update' }],
      ['add-triple', 'e', 'new-title', 'text'],
      ['deep-merge-triple', 'e', 'new-title', { a: 1 }],
      ['delete-entity', lookup('new-email'), 'goals'],
      ['rule-params', lookup('new-email'), 'goals', { a: 'new-email' }],
    ),
  ).toEqual([
    ['add-triple', lookup('attr-email'), 'attr-id', lookup('attr-email'), { mode: 'update' }],
    ['add-triple', 'e', 'attr-title', 'text'],
    ['deep-merge-triple', 'e', 'attr-title', { a: 1 }],
    ['delete-entity', lookup('attr-email'), 'goals'],
    ['rule-params', lookup('attr-email'), 'goals', { a: 'new-email' }],
  ]);
});

test('a link that the server has the other way round is turned', () => {
  expect(
    rewritten(
      ['add-triple', 'a', 'new-children', ['new-email', 'x']],
      ['retract-triple', 'a', 'new-children', 'b'],
    ),
  ).toEqual([
    ['add-triple', ['attr-email', 'x'], 'attr-parent', 'a'],
    ['retract-triple', 'b', 'attr-parent', 'a'],
  ]);
});

test('values are left alone, whatever they look like', () => {
  const values: JsonValue[] = [
    'constructor',
    'toString',
    'new-email',
    ['new-email', 1],
    ['constructor', 1],
    JSON.parse('{"toString":1,"__proto__":["new-email",1]}'),
  ];
  const found = rewritten(...values.map((value): TransactionStep => ['add-triple', 'e', 'new-title', value]));
  expect(found.map((step) => step[3])).toEqual(values);
});

test('writes that name nothing new are the same as before', () => {
  const writes = new Map([
    [
      '',
      {
        op: 'transact',
        'tx-steps': [['add-triple', 'e', 'attr-title', 'x']],
        created: 1,
        order: 1,
      } as Mutation,
    ],
  ]);
  expect(rewriteWrites(attrs, writes)).toBe(writes);
});
