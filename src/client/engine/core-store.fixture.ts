// Core does not export its store; its version is pinned.
import {
  AttrsStoreClass,
  createStore,
  transact,
} from '../../../node_modules/@instantdb/core/dist/esm/store.js';
import type { WriteEntry } from '../transactions/pending-write.ts';
import type { TransactionStep } from '../transactions/transactions.ts';
import type { Attr, Index, Stores, Triple } from './store.ts';

/** An attribute of `goals`. */
export function attr(label: string, more: Partial<Attr> & Record<string, unknown> = {}): Attr {
  return {
    id: `attr-${label}`,
    'forward-identity': [`f-${label}`, 'goals', label],
    'value-type': 'blob',
    cardinality: 'one',
    'unique?': false,
    'index?': false,
    ...more,
  } as Attr;
}

/** Goals with values of each kind, and links of each. */
export const attrs: Readonly<
  Record<'id' | 'title' | 'email' | 'tags' | 'parent' | 'friends' | 'owner', Attr>
> = {
  id: attr('id', { 'unique?': true }),
  title: attr('title'),
  email: attr('email', { 'unique?': true }),
  tags: attr('tags', { cardinality: 'many' }),
  parent: attr('parent', {
    'value-type': 'ref',
    'reverse-identity': ['r', 'goals', 'children'],
    'on-delete': 'cascade',
  }),
  friends: attr('friends', {
    'value-type': 'ref',
    cardinality: 'many',
    'reverse-identity': ['r2', 'goals', 'friendOf'],
  }),
  owner: attr('owner', {
    'value-type': 'ref',
    cardinality: 'many',
    'reverse-identity': ['r3', 'people', 'owns'],
    'on-delete-reverse': 'cascade',
  }),
};

/** Core's stores, of triples. */
export function newStores(triples: readonly (readonly unknown[])[]): Stores {
  const byId = Object.fromEntries(Object.values(attrs).map((one) => [one.id, one]));
  const attrsStore = new AttrsStoreClass(byId as never, null);
  return {
    attrsStore,
    store: createStore(attrsStore, triples.map((triple) => [...triple]) as never),
  } as unknown as Stores;
}

/** Core's way: a transaction for each write. */
export function transactedByCore(stores: Stores, writes: readonly WriteEntry[]): Stores {
  return writes.reduce(
    ({ store, attrsStore }, [, { 'tx-steps': steps }]) =>
      transact(store as never, attrsStore as never, structuredClone(steps) as never) as never,
    stores,
  );
}

/** What is in stores, as text: every index, empty parts and all, but for the stamps of what was made here. */
export function contentOf({ store, attrsStore }: Stores): string {
  const indexes = [store.eav, store.aev, store.vae].map(listOf);
  return JSON.stringify({
    indexes,
    attrs: Object.values(attrsStore.attrs)
      .map(({ id }) => id)
      .sort(),
  });
}

/** A write of `steps`. */
export function write(order: number, steps: TransactionStep[]): WriteEntry {
  return [`${order}`, { op: 'transact', 'tx-steps': steps, created: 0, order }];
}

function listOf(index: Index): string[] {
  return [...index]
    .map(([first, branch]) => {
      const leaves = [...branch].map(([second, leaf]) =>
        JSON.stringify([second, [...leaf.values()].map(textOf).sort()]),
      );
      return JSON.stringify([first, leaves.sort()]);
    })
    .sort();
}

/** Of an `id`, with the stamp, which entities are ordered by; stamps of servers are small in tests. */
function textOf([entity, attrId, value, createdAt]: Triple): string {
  if (attrId !== attrs.id.id) return JSON.stringify([entity, attrId, value]);
  return JSON.stringify([entity, attrId, value, createdAt < 1_000 ? createdAt : 'made here']);
}
