import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Attr, Triple } from '../../protocol/attr.ts';
import { ServerError } from '../../protocol/error.ts';
import { canonicalJson } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';
import { TestApp, uuid } from './test-app.ts';

const ENTITIES = [1, 2, 3, 4, 5].map(uuid);
const VALUES = [null, 1, 'x', 'y', { a: 1 }, ...ENTITIES.slice(0, 2)];

function world(): TestApp {
  const app = new TestApp();
  app.add('a/id', { 'unique?': true });
  app.add('a/name', { 'index?': true });
  app.add('a/key', { 'unique?': true });
  app.add('a/many', { cardinality: 'many' });
  app.add('a/b', { to: 'b/as', 'on-delete': 'cascade' });
  app.add('b/id', { 'unique?': true });
  app.add('b/a', { to: 'a/bs', cardinality: 'many', 'unique?': true, 'on-delete-reverse': 'cascade' });
  app.add('b/name', { 'required?': true });
  return app;
}

/** Steps over a small world, so that they meet: about a quarter of the transactions is refused. */
function transactions(app: TestApp): fc.Arbitrary<unknown[][]> {
  const attrs = app.data.catalog.list().filter(({ catalog }) => catalog === 'user');
  const e = fc.constantFrom(...ENTITIES);
  const a = fc.constantFrom(...attrs.map(({ id }) => id));
  const v = fc.constantFrom(...VALUES);
  const lookup = fc.tuple(fc.constantFrom(app.id('a/key'), app.id('b/a')), v);
  const ref = fc.oneof({ weight: 5, arbitrary: e }, lookup);
  const triple = fc.oneof(
    ...attrs.map((attr) => addTriple(attr, e, attr['value-type'] === 'ref' ? ref : v, ref)),
  );
  const step = fc.oneof(
    { weight: 6, arbitrary: triple },
    { weight: 1, arbitrary: fc.tuple(fc.constant('deep-merge-triple'), ref, a, v) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('retract-triple'), ref, a, v) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('delete-entity'), ref, fc.constantFrom('a', 'b')) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom('delete-attr', 'restore-attr'), a) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(a, fc.constantFrom('unique?', 'index?', 'required?'), fc.boolean())
        .map(([id, flag, on]) => ['update-attr', { id, [flag]: on }]),
    },
  );
  return fc.array<unknown[]>(step, { minLength: 1, maxLength: 5 });
}

function addTriple(
  attr: Attr,
  e: fc.Arbitrary<string>,
  v: fc.Arbitrary<unknown>,
  ref: fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown[]> {
  if (attr['forward-identity'][2] === 'id') return e.map((id) => ['add-triple', id, attr.id, id]);
  return fc.tuple(fc.constant('add-triple'), ref, fc.constant(attr.id), v);
}

/** All that transactions here can change, as text. */
function snapshot(app: TestApp): string {
  const { attrs, ...rest } = app.dump();
  return JSON.stringify({ ...rest, attrs: attrs.filter(({ catalog }) => catalog === 'user') });
}

/** Compares what every index of the store answers with what follows from nothing but the list of triples. */
function checkIndexes(app: TestApp): void {
  const { catalog, triples: store } = app.data;
  const attrs = [...catalog.list().filter((attr) => attr.catalog === 'user'), ...catalog.deleted()];
  const all = attrs.flatMap((attr) => [...store.attr(attr.id)]);
  const answers: [string, unknown, unknown][] = [];
  const note = (what: string, told: readonly unknown[], expected: readonly unknown[]): void => {
    answers.push([what, told.map(canonicalJson).sort(), expected.map(canonicalJson).sort()]);
  };
  for (const { id } of attrs) {
    const own = all.filter((triple) => triple[1] === id);
    note(`size of ${id}`, [store.attrSize(id)], [own.length]);
    for (const e of ENTITIES)
      note(
        `${id} of ${e}`,
        store.entityAttr(e, id),
        own.filter((triple) => triple[0] === e),
      );
    for (const v of [...VALUES, ...ENTITIES.slice(2)]) {
      const holders = own.filter((triple) => canonicalJson(triple[2]) === canonicalJson(v));
      note(`${id} with ${canonicalJson(v)}`, store.attrValue(id, v), holders);
    }
    const live = catalog.byId(id);
    if (live) checkInvariants(live, own);
  }
  for (const e of new Set([...ENTITIES, ...all.map((triple) => triple[0])])) {
    const own = all.flatMap((triple) => (triple[0] === e ? [triple[1]] : []));
    note(`attributes of ${e}`, store.attrsOf(e), [...new Set(own)]);
  }
  expect(answers.filter(([, told, expected]) => canonicalJson(told) !== canonicalJson(expected))).toEqual([]);
}

/** What no transaction may break. */
function checkInvariants(attr: Attr, triples: Triple[]): void {
  const entities = triples.map(([e]) => e);
  const values = triples.flatMap(([, , v]) => (v === null ? [] : [canonicalJson(v)]));
  const broken = [
    attr.cardinality === 'one' && new Set(entities).size < entities.length && 'cardinality one',
    attr['unique?'] && new Set(values).size < values.length && 'unique',
    attr['value-type'] === 'ref' && triples.some(([, , v]) => !isUuid(v)) && 'links',
    new Set(triples.map(canonicalJson)).size < triples.length && 'distinct triples',
  ];
  expect(broken.filter(Boolean)).toEqual([]);
}

describe('random transactions', () => {
  test('leave indexes that agree with the triples; a refused one leaves everything as it was', () => {
    let refused = 0;
    let applied = 0;
    const app = world();
    fc.assert(
      fc.property(fc.array(transactions(app), { minLength: 1, maxLength: 12 }), (list) => {
        const run = world();
        for (const steps of list) {
          const before = snapshot(run);
          try {
            run.run(steps);
            applied++;
          } catch (error) {
            expect(error).toBeInstanceOf(ServerError);
            expect(snapshot(run)).toBe(before);
            refused++;
          }
          checkIndexes(run);
        }
      }),
      { numRuns: 60 },
    );
    // A test that only sees one outcome would say nothing about the other.
    expect(Math.min(refused, applied)).toBeGreaterThan(50);
  });
});
