import { expect, test } from 'vitest';
import { seededRandom } from '../../conformance/support/random.ts';
// Core does not export its store; its version is pinned.
import {
  AttrsStoreClass,
  createStore,
  toJSON,
  transact,
} from '../../node_modules/@instantdb/core/dist/esm/store.js';
import { inRuns } from './optimistic-runs.ts';
import { OptimisticStores } from './optimistic-stores.ts';
import type { WriteEntry } from './storage/journal.ts';
import type { TransactionStep } from './transactions.ts';

const RUNS = 300;
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

const attrs = {
  id: attr('id', { 'unique?': true }),
  title: attr('title', {}),
  email: attr('email', { 'unique?': true }),
  parent: attr('parent', {
    'value-type': 'ref',
    'reverse-identity': ['r', 'goals', 'children'],
    'on-delete': 'cascade',
  }),
};

function attr(label: string, more: object) {
  return {
    id: `attr-${label}`,
    'forward-identity': [`f-${label}`, 'goals', label],
    'value-type': 'blob',
    cardinality: 'one',
    'unique?': false,
    'index?': false,
    ...more,
  };
}

const newStores = (triples: unknown[]): Stores => {
  const attrsStore = new AttrsStoreClass(
    Object.fromEntries(Object.values(attrs).map((one) => [one.id, one])) as never,
    null,
  );
  return { attrsStore, store: createStore(attrsStore, structuredClone(triples) as never) };
};

type Stores = ReturnType<typeof transact>;

/** Core's way: a transaction for each write. */
const apply = (stores: Stores, writes: readonly WriteEntry[]): Stores =>
  writes.reduce(
    ({ store, attrsStore }, [, mutation]) =>
      transact(store, attrsStore, structuredClone(mutation['tx-steps']) as never),
    stores,
  );

function contentOf({ store, attrsStore }: Stores): string {
  const { triples } = toJSON(store) as { triples: unknown[][] };
  const held = triples.map((triple) => JSON.stringify(triple.slice(0, 3)));
  return JSON.stringify({ held: held.sort(), attrs: Object.keys(attrsStore.attrs).sort() });
}

/** What a store holds after writes, one by one. */
function after(triples: unknown[], writes: readonly WriteEntry[]): string {
  return contentOf(apply(newStores(triples), writes));
}

test(`writes joined into runs leave what they leave one by one, and so do writes applied on top of those before, in ${RUNS} random queues (SEED=${seed})`, () => {
  const { below, pick } = seededRandom(seed);
  const entities = ['a', 'b', 'c', 'd'];
  const step = (): TransactionStep => {
    const entity = pick(entities);
    const options = pick([[], [], [{ mode: 'create' }], [{ mode: 'update' }], [{ mode: 'upsert' }]]);
    const steps: TransactionStep[] = [
      ['add-triple', entity, attrs.id.id, entity, ...options],
      ['add-triple', entity, attrs.title.id, `t${below(3)}`, ...options],
      ['add-triple', entity, attrs.email.id, `e${below(3)}`, ...options],
      ['add-triple', entity, attrs.parent.id, pick(entities), ...options],
      ['add-triple', [attrs.email.id, `e${below(3)}`], attrs.title.id, 'found', ...options],
      ['deep-merge-triple', entity, attrs.title.id, { [`k${below(2)}`]: below(9) }, ...options],
      ['retract-triple', entity, attrs.parent.id, pick(entities)],
      ['delete-entity', entity, 'goals'],
      ['delete-entity', [attrs.email.id, `e${below(3)}`], 'goals'],
      ['add-attr', attr(`extra${below(2)}`, {}) as never],
    ];
    return pick(steps);
  };
  let joined = 0;
  for (let run = 0; run < RUNS; run++) {
    const triples = entities
      .filter(() => below(2) === 0)
      .flatMap((entity) => [
        [entity, attrs.id.id, entity, 1],
        [entity, attrs.email.id, `e-${entity}`, 1],
      ]);
    const writes = Array.from({ length: 1 + below(12) }, (_, order): WriteEntry => {
      const steps = Array.from({ length: 1 + below(4) }, step);
      return [`${order}`, { op: 'transact', 'tx-steps': steps, created: 0, order }];
    });
    const runs = inRuns(writes);
    joined += writes.length - runs.length;
    const world = JSON.stringify({ triples, writes });
    expect(after(triples, runs), world).toBe(after(triples, writes));

    const base = newStores(triples);
    const remembered = new OptimisticStores();
    for (let count = 0; count <= writes.length; count++) {
      const made = remembered.apply(base, writes.slice(0, count), apply);
      expect(contentOf(made), world).toBe(after(triples, writes.slice(0, count)));
    }
    const without = writes.filter((_, index) => index !== below(writes.length));
    expect(contentOf(remembered.apply(base, without, apply)), world).toBe(after(triples, without));
  }
  expect(joined).toBeGreaterThan(RUNS);
});

test('a further write is applied to what was there, and not all of them again', () => {
  const writes = Array.from({ length: 5 }, (_, order): WriteEntry => {
    const steps: TransactionStep[] = [['add-triple', `entity-${order}`, attrs.title.id, 'Run']];
    return [`${order}`, { op: 'transact', 'tx-steps': steps, created: 0, order }];
  });
  const base = newStores([]);
  const remembered = new OptimisticStores();
  const applied: number[] = [];
  const counting = (stores: Stores, list: readonly WriteEntry[]): Stores => {
    applied.push(list.flatMap(([, mutation]) => mutation['tx-steps']).length);
    return apply(stores, list);
  };
  for (const count of [3, 4, 5]) remembered.apply(base, writes.slice(0, count), counting);
  expect(applied).toEqual([3, 1, 1]);
});

test('ten thousand writes that create an entity each are one run', () => {
  const writes = Array.from({ length: 10_000 }, (_, order): WriteEntry => {
    const entity = `entity-${order}`;
    const steps: TransactionStep[] = [['add-triple', entity, attrs.id.id, entity, { mode: 'create' }]];
    return [`${order}`, { op: 'transact', 'tx-steps': steps, created: 0, order }];
  });
  expect(inRuns(writes)).toHaveLength(1);
});
