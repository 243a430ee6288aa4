import { expect, test } from 'vitest';
import type { WriteEntry } from '../transactions/pending-write.ts';
import { attrs, contentOf, newStores, write } from './core-store.fixture.ts';
import { OptimisticStores } from './optimistic-stores.ts';

const writes: WriteEntry[] = Array.from({ length: 5 }, (_, order) =>
  write(order, [['add-triple', `entity-${order}`, attrs.title.id, 'Run']]),
);

test('a further write is applied to what was there, and not all of them again', () => {
  const base = newStores([]);
  const remembered = new OptimisticStores();
  const three = remembered.apply(base, writes.slice(0, 3));
  const five = remembered.apply(base, writes);
  const first = (stores: typeof base): unknown => stores.store.eav.get('entity-0');
  expect(first(five)).toBe(first(three));
  expect(five.store.eav.size).toBe(5);
});

test('a write that is gone is in it no more', () => {
  const base = newStores([]);
  const remembered = new OptimisticStores();
  remembered.apply(base, writes);
  const without = writes.filter((_, index) => index !== 2);
  expect(contentOf(remembered.apply(base, without))).toBe(
    contentOf(new OptimisticStores().apply(base, without)),
  );
  expect(remembered.apply(base, [])).toBe(base);
});
