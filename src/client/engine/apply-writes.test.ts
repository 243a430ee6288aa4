import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../conformance/support/random.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { TransactionStep } from '../transactions/transactions.ts';
import { applyWrites } from './apply-writes.ts';
import { attr, attrs, contentOf, newStores, transactedByCore, write } from './core-store.fixture.ts';

const RUNS = 800;
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

test(`writes leave what core's transactions leave, in ${RUNS} random queues (SEED=${seed})`, () => {
  const { below, pick } = seededRandom(seed);
  const entities = ['a', 'b', 'c', 'd'];
  const step = (): TransactionStep => {
    const entity = pick(entities);
    const options = pick([[], [], [{ mode: 'create' }], [{ mode: 'update' }], [{ mode: 'upsert' }]]);
    const lookup = [attrs.email.id, `e${below(3)}`];
    const link = pick([attrs.parent, attrs.friends, attrs.owner]).id;
    const steps: TransactionStep[] = [
      ['add-triple', entity, attrs.id.id, entity, ...options],
      ['add-triple', entity, attrs.title.id, `t${below(3)}`, ...options],
      ['add-triple', entity, attrs.email.id, `e${below(3)}`, ...options],
      ['add-triple', entity, attrs.tags.id, `t${below(3)}`, ...options],
      ['add-triple', entity, link, pick(entities), ...options],
      ['add-triple', entity, link, lookup],
      ['add-triple', lookup, attrs.title.id, 'found', ...options],
      ['add-triple', entity, 'attr-nobody-knows', 1],
      [
        'deep-merge-triple',
        entity,
        attrs.title.id,
        { [`k${below(2)}`]: pick([below(9), null, { a: below(2) }]) },
      ],
      ['retract-triple', entity, link, pick(entities)],
      ['retract-triple', entity, link, lookup],
      ['delete-entity', entity, ...pick<JsonValue[]>([['goals'], ['people'], []])],
      ['delete-entity', lookup, 'goals'],
      ['add-attr', attr(`extra${below(2)}`) as never],
      ['add-triple', entity, `attr-extra${below(2)}`, below(2)],
      ['update-attr', { id: `attr-extra${below(2)}`, cardinality: 'many' }],
      ['delete-attr', pick(['attr-extra0', 'attr-extra1', attrs.tags.id])],
      ['rule-params', entity, 'goals', {}],
    ];
    return pick(steps);
  };
  let [compared, changed] = [0, 0];
  for (let run = 0; run < RUNS; run++) {
    const triples = entities
      .filter(() => below(2) === 0)
      .flatMap((entity) => [
        [entity, attrs.id.id, entity, 1],
        [entity, attrs.email.id, `e${below(3)}`, 2],
        [entity, attrs.title.id, pick<JsonValue>(['t', { k0: 1, k1: { a: 1, b: 1 } }]), 3],
      ]);
    const writes = Array.from({ length: 1 + below(8) }, (_, order) =>
      write(order, Array.from({ length: 1 + below(4) }, step)),
    );
    // With a value, that is: core takes a lookup for one while nothing has the attribute.
    triples.push(['z', attrs.email.id, 'z', 1]);
    const world = JSON.stringify({ triples, writes });
    const base = newStores(triples);
    const before = contentOf(base);
    const cores = attempt(() => contentOf(transactedByCore(newStores(triples), writes)));
    const ours = contentOf(applyWrites(base, writes));
    // Core recurses for ever through links that delete each other, and leaves drafts behind of merged objects.
    if (cores !== undefined) {
      compared++;
      expect(ours, world).toBe(cores);
    }
    expect(contentOf(base), world).toBe(before);
    if (ours !== before) changed++;
  }
  expect(compared).toBeGreaterThan(RUNS * 0.9);
  expect(changed).toBeGreaterThan(RUNS / 2);
});

describe('values that core cannot take', () => {
  const merged = (value: JsonValue, patch: JsonValue): string => {
    const stores = newStores([['a', attrs.title.id, 'x', 1]]);
    const steps: TransactionStep[] = [
      ['add-triple', 'a', attrs.title.id, value],
      ['deep-merge-triple', 'a', attrs.title.id, patch],
    ];
    const { eav } = applyWrites(stores, [write(1, steps)]).store;
    const [triple] = eav.get('a')?.get(attrs.title.id)?.values() ?? [];
    return JSON.stringify(triple?.[2]);
  };
  const parse = (text: string): JsonValue => JSON.parse(text);

  test.each([
    ['{}', '{"__proto__":{"x":1}}', '{"__proto__":{"x":1}}'],
    ['{"__proto__":{"x":1}}', '{"__proto__":{"y":2}}', '{"__proto__":{"x":1,"y":2}}'],
    ['{"__proto__":{"x":1}}', '{"a":1}', '{"__proto__":{"x":1},"a":1}'],
    ['{"__proto__":{"x":1},"a":1}', '{"__proto__":null}', '{"a":1}'],
    ['{"a":{"__proto__":1}}', '{"a":{"toString":2}}', '{"a":{"__proto__":1,"toString":2}}'],
    ['{}', '{"constructor":{"prototype":{"x":1}}}', '{"constructor":{"prototype":{"x":1}}}'],
    ['{}', '{"hasOwnProperty":1,"toJSON":2,"then":3}', '{"hasOwnProperty":1,"toJSON":2,"then":3}'],
  ])('%s merged with %s', (value, patch, expected) => {
    expect(merged(parse(value), parse(patch))).toBe(expected);
    expect(Object.prototype).not.toHaveProperty('x');
  });

  test('as deep as JSON goes', () => {
    const deep = (inner: string): JsonValue =>
      parse(`${'{"a":'.repeat(20_000)}${inner}${'}'.repeat(20_000)}`);
    const { eav } = applyWrites(newStores([['a', attrs.title.id, deep('1'), 1]]), [
      write(1, [['deep-merge-triple', 'a', attrs.title.id, deep('{"b":2}')]]),
    ]).store;
    let value: unknown = [...(eav.get('a')?.get(attrs.title.id)?.keys() ?? [])][0];
    for (let depth = 0; depth < 20_000; depth++) value = (value as { a: unknown }).a;
    expect(value).toEqual({ b: 2 });
  });

  test('links that delete each other, and chains of thousands', () => {
    const circle = [
      ['a', attrs.owner.id, 'b', 1],
      ['b', attrs.owner.id, 'a', 1],
      ...Array.from({ length: 20_000 }, (_, n) => [`n${n + 1}`, attrs.parent.id, `n${n}`, 1]),
    ];
    const { eav } = applyWrites(newStores(circle), [
      write(1, [
        ['delete-entity', 'a', 'goals'],
        ['delete-entity', 'n0', 'goals'],
      ]),
    ]).store;
    const left = [...eav.values()]
      .flatMap((branch) => [...branch.values()])
      .flatMap((leaf) => [...leaf.keys()]);
    expect(left).toEqual([]);
  });
});

function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof RangeError || String(error).includes('revoked')) return undefined;
    throw error;
  }
}
