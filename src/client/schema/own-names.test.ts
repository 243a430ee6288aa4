import { i } from '@instantdb/core';
import { expect, test } from 'vitest';
import { watchShared } from '../../../conformance/support/exotic-values.ts';
import type { AnySchema } from './any-schema.ts';
import { linkIndexOf, withOwnNames } from './own-names.ts';

const pollutionOf = watchShared();

test('the index of links of namespaces with inherited names has them, and writes into nothing else', () => {
  const link = {
    forward: { on: 'constructor', label: 'polluted', has: 'one' },
    reverse: { on: 'toString', label: 'prototype', has: 'many' },
  };
  const index = linkIndexOf({ entities: {}, links: { link }, rooms: {} } as never);
  expect(index?.['constructor' as string]?.polluted).toEqual({ isForward: true, isSingular: true, link });
  expect(index?.['toString' as string]?.prototype).toEqual({ isForward: false, isSingular: false, link });
  expect(pollutionOf()).toEqual([]);
});

test('a schema of own names is the same schema, and inherits no names', () => {
  const schema = i.schema({
    entities: { constructor: i.entity({ toString: i.string() }) },
  }) as unknown as AnySchema;
  const own = withOwnNames(schema);
  expect(JSON.stringify(own)).toBe(JSON.stringify(schema));
  expect(own).toBeInstanceOf(schema.constructor);
  expect('valueOf' in own.entities).toBe(false);
  expect('valueOf' in (own.entities['constructor' as string]?.attrs ?? {})).toBe(false);
  expect(withOwnNames(undefined)).toBe(undefined);
});
