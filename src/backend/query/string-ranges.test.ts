import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Reader } from '../store/reader.ts';
import { runQuery } from './index.ts';
import { likeMatcher, likePrefix } from './like-matcher.ts';
import { SmallApp } from './small-app.fixture.ts';

const SEED = Number(process.env.FAST_CHECK_SEED ?? Math.floor(Math.random() * 2 ** 31));

function people(names: readonly (string | null)[]): SmallApp {
  const app = new SmallApp({ 'people/name': { type: 'string', indexed: true } });
  for (const [i, name] of names.entries()) app.add('people', `p${i}`, { name });
  return app;
}

// Neighbours in one order that are apart in the other, the last code unit, halves of a pair, and what LIKE takes for itself.
const text = fc
  .array(fc.constantFrom('a', 'b', 'B', 'ä', '%', '_', '\uffff', '\ud83d', '\ude00', ' '), { maxLength: 4 })
  .map((parts) => parts.join(''));

const COMPARED: Record<string, (name: string, given: string) => boolean> = {
  $gt: (name, given) => name > given,
  $gte: (name, given) => name >= given,
  $lt: (name, given) => name < given,
  $lte: (name, given) => name <= given,
  $like: (name, given) => likeMatcher(given, true)(name),
  $ilike: (name, given) => likeMatcher(given, false)(name),
};

test(`comparisons of strings find what a look at each value finds (FAST_CHECK_SEED=${SEED})`, () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(text), { maxLength: 30 }),
      fc.constantFrom(...Object.keys(COMPARED)),
      text,
      (names, comparator, given) => {
        const app = people(names);
        const query = { people: { $: { where: { name: { [comparator]: given } } } } };
        const ask = (): string[] => app.found(query).sort();
        const wanted = (): string[] =>
          names
            .flatMap((name, i) => (name !== null && COMPARED[comparator]?.(name, given) ? [`p${i}`] : []))
            .sort();
        expect(ask()).toEqual(wanted());
        // The order is there by now, and is kept up.
        app.add('people', `p${names.length}`, { name: given });
        names.push(given);
        expect(ask()).toEqual(wanted());
      },
    ),
    { seed: SEED, numRuns: 500 },
  );
});

describe('what a query reads grows with what it finds, not with the app', () => {
  const few = people(Array.from({ length: 500 }, (_, i) => nameAt(i)));
  const many = people(Array.from({ length: 20_000 }, (_, i) => nameAt(i)));

  test.each<[string, unknown]>([
    ['$gt', { name: { $gt: 'd-00004' } }],
    ['$gt and $lt', { and: [{ name: { $gt: 'c-00002' } }, { name: { $lt: 'c-00005' } }] }],
    ['bounds that leave nothing out', { and: [{ name: { $gte: 'd' } }, { name: { $gt: 'a' } }] }],
    ['$gte', { name: { $gte: 'd' } }],
    ['$lt', { name: { $lt: 'b' } }],
    ['$lte', { name: { $lte: 'a-00009' } }],
    ['$like with a beginning', { name: { $like: 'c-0000_' } }],
    ['$like without a wildcard', { name: { $like: 'c-00001' } }],
  ])('%s', (_, where) => {
    const query = { people: { $: { where } } };
    const [small, large] = [read(few, query), read(many, query)];
    expect(large.found).toBe(small.found);
    expect(small.found).toBeGreaterThan(0);
    expect(large.triples).toBe(small.triples);
  });

  // The first ten are "a-", the next "c-", then ten "d-"; all others lie in between, before "c-" and after.
  function nameAt(i: number): string {
    const letter = ['a', 'c', 'd'][Math.floor(i / 10)] ?? (i % 2 === 0 ? 'b' : 'cc');
    return `${letter}-${String(i % 10).padStart(5, '0')}`;
  }
});

test(`two bounds find what a look at each value finds (FAST_CHECK_SEED=${SEED})`, () => {
  const comparator = fc.constantFrom(...Object.keys(COMPARED));
  fc.assert(
    fc.property(
      fc.array(fc.option(text), { maxLength: 30 }),
      fc.array(fc.tuple(comparator, text), { minLength: 2, maxLength: 3 }),
      (names, bounds) => {
        const and = bounds.map(([op, given]) => ({ name: { [op]: given } }));
        const found = people(names).found({ people: { $: { where: { and } } } });
        const fits = (name: string): boolean => bounds.every(([op, given]) => COMPARED[op]?.(name, given));
        const wanted = names.flatMap((name, i) => (name !== null && fits(name) ? [`p${i}`] : []));
        expect(found.sort()).toEqual(wanted.sort());
      },
    ),
    { seed: SEED, numRuns: 500 },
  );
});

test.each([
  ['abc', 'abc'],
  ['ab%c', 'ab'],
  ['a_%', 'a'],
  ['%a', ''],
  ['', ''],
])('everything like %j begins with %j', (pattern, prefix) => {
  expect(likePrefix(pattern)).toBe(prefix);
});

/** How many entities a query finds, and how many triples and places it is handed for that. */
function read(app: SmallApp, query: unknown): { found: number; triples: number } {
  let triples = 0;
  const counted = <T extends { length: number }>(list: T): T => {
    triples += list.length;
    return list;
  };
  const { reader, catalog } = app.source;
  const counting: Reader = {
    entityAttr: (e, a) => counted(reader.entityAttr(e, a)),
    attr: (a) => counted([...reader.attr(a)]),
    attrSize: (a) => reader.attrSize(a),
    attrValue: (a, v) => counted(reader.attrValue(a, v)),
    order(spec) {
      const order = reader.order(spec);
      return {
        size: order.size,
        rank: (place, through) => order.rank(place, through),
        slice: (from, to) => counted(order.slice(from, to)),
      };
    },
  };
  const outcome = runQuery({ catalog, reader: counting }, query, { admin: true });
  const [form] = outcome.forms;
  return { found: form?.kind === 'entities' ? form.entities.length : -1, triples };
}
