import { describe, expect, test, vi } from 'vitest';
import { labelOf } from '../../protocol/attr.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { joinRowsResult, objectTree, proofPruner, runQuery, trackReads } from './index.ts';
import { likeMatcher } from './like-matcher.ts';
import { ReadBudget } from './read-budget.ts';
import { SmallApp } from './small-app.fixture.ts';

function library(): SmallApp {
  const app = new SmallApp({
    'authors/name': { type: 'string', indexed: true },
    'authors/born': { type: 'date', indexed: true },
    'authors/books': { to: 'books', as: 'authors', many: true },
    'authors/best': { to: 'books', as: 'bestOf', unique: true },
    'books/title': { type: 'string', indexed: true },
    'books/pages': { type: 'number', indexed: true },
    'books/done': {},
  });
  app.add('books', 'b1', { title: 'Alpha', pages: 10, done: true });
  app.add('books', 'b2', { title: 'Beta', pages: 20, done: false });
  app.add('authors', 'ann', { name: 'Ann', books: ['b1', 'b2'], best: 'b1', born: 0 }, 1);
  app.add('authors', 'bob', { name: 'Bob', books: ['b2'], born: '1970-01-02T00:00:00Z' }, 2);
  app.add('authors', 'cid', { name: null, born: null }, 3);
  return app;
}

function where(condition: unknown): string[] {
  return library().found({ authors: { $: { where: condition } } });
}

describe('where', () => {
  test('plain siblings need one linked entity that fulfils both', () => {
    expect(where({ 'books.title': 'Alpha', 'books.done': true })).toEqual(['ann']);
    expect(where({ 'books.title': 'Alpha', 'books.done': false })).toEqual([]);
  });

  test('the elements of `and` may be fulfilled by different ones', () => {
    expect(where({ and: [{ 'books.title': 'Alpha' }, { 'books.done': false }] })).toEqual(['ann']);
    expect(where({ and: [{ 'books.title': 'Alpha' }], 'books.done': false })).toEqual(['ann']);
  });

  test('two links that reach one namespace at one depth are one entity', () => {
    expect(where({ 'books.title': 'Alpha', 'best.title': 'Alpha' })).toEqual(['ann']);
    expect(where({ 'books.title': 'Beta', 'best.title': 'Alpha' })).toEqual([]);
  });

  test('$not matches another value, and nothing anywhere on the path', () => {
    expect(where({ name: { $not: 'Ann' } })).toEqual(['bob', 'cid']);
    expect(where({ 'books.title': { $ne: 'Alpha' } })).toEqual(['ann', 'bob', 'cid']);
    expect(where({ 'best.title': { $not: 'Alpha' } })).toEqual(['bob', 'cid']);
  });

  test('$isNull takes a null triple and a missing one alike', () => {
    expect(where({ name: { $isNull: true } })).toEqual(['cid']);
    expect(where({ 'best.title': { $isNull: true } })).toEqual(['bob', 'cid']);
    expect(where({ 'best.title': { $isNull: false } })).toEqual(['ann']);
  });

  test('of several operators one counts: `$not`, else that there is nothing, else the one written first', () => {
    expect(where({ name: { $gt: 'Ann', $lt: 'Bob' } })).toEqual(['bob']);
    expect(where({ name: { $lt: 'Bob', $gt: 'Ann' } })).toEqual(['ann']);
    expect(where({ name: { $gt: 'Ann', $isNull: true } })).toEqual(['cid']);
    expect(where({ name: { $gt: 'Ann', $isNull: false } })).toEqual(['bob']);
    expect(where({ name: { $isNull: true, $not: 'Bob' } })).toEqual(['ann', 'cid']);
  });

  test('comparisons, patterns and sets', () => {
    expect(where({ 'books.pages': { $gt: 10 } })).toEqual(['ann', 'bob']);
    expect(where({ 'books.pages': { $lt: 20 } })).toEqual(['ann']);
    expect(where({ name: { $like: 'A_n' } })).toEqual(['ann']);
    expect(where({ name: { $ilike: 'b%' } })).toEqual(['bob']);
    expect(where({ name: { $in: ['Ann', null] } })).toEqual(['ann', 'cid']);
    expect(where({ name: { $in: [] } })).toEqual([]);
  });

  test('dates compare as instants, however they are written', () => {
    expect(where({ born: '1970-01-01' })).toEqual(['ann']);
    expect(where({ born: 86_400_000 })).toEqual(['bob']);
    expect(where({ born: { $gte: '1970-01-01T12:00:00Z' } })).toEqual(['bob']);
    expect(where({ born: { $not: 86_400_000 } })).toEqual(['ann', 'cid']);
  });

  test('a link takes ids, in any case, from both ends', () => {
    const app = library();
    const id = app.id('b1').toUpperCase();
    expect(app.found({ authors: { $: { where: { books: id } } } })).toEqual(['ann']);
    expect(app.found({ books: { $: { where: { authors: { $in: [app.id('bob')] } } } } })).toEqual(['b2']);
    expect(app.found({ books: { $: { where: { authors: { $not: app.id('ann') } } } } })).toEqual(['b2']);
  });

  test('an entity id can be found by how it starts', () => {
    const app = library();
    const prefix = app.id('ann').slice(0, 8);
    expect(app.found({ authors: { $: { where: { $entityIdStartsWith: prefix } } } })).toEqual(['ann']);
  });

  test('does not need an id triple, a scan does', () => {
    const app = library();
    app.set('authors', 'ghost', 'name', 'Ghost');
    expect(app.found({ authors: { $: { where: { name: 'Ghost' } } } })).toHaveLength(1);
    expect(app.found({ authors: {} })).toEqual(['ann', 'bob', 'cid']);
  });

  test('many independent conditions cost their sum, not their product', () => {
    const app = new SmallApp({ 'a/self': { to: 'a', as: 'fles', many: true }, 'a/n': {} });
    const names = Array.from({ length: 30 }, (_, index) => `a${index}`);
    for (const name of names) app.add('a', name, { n: 1, self: names });
    const list = Array.from({ length: 40 }, () => ({ 'self.self.self.n': 1 }));
    const form = (depth: number): Record<string, unknown> => (depth === 0 ? {} : { self: form(depth - 1) });
    const reads = { entityAttr: 0 };
    const { triples } = app.data;
    const reader = Object.assign(Object.create(triples), {
      entityAttr: (e: string, a: string) => {
        reads.entityAttr++;
        return triples.entityAttr(e, a);
      },
      attr: triples.attr.bind(triples),
      attrSize: triples.attrSize.bind(triples),
      attrValue: triples.attrValue.bind(triples),
      order: triples.order.bind(triples),
    });
    const query = { a: { $: { where: { and: list } }, ...form(20) } };
    const outcome = runQuery({ catalog: app.data.catalog, reader }, query, { admin: false });
    expect(outcome.triples).toHaveLength(30 * 2 + 30 * 30);
    expect(reads.entityAttr).toBeLessThan(100_000);
  });

  test('the proofs of entities that lead to the same cost their sum, too', () => {
    const app = new SmallApp({ 'a/self': { to: 'a', as: 'fles', many: true }, 'a/n': {} });
    const names = Array.from({ length: 40 }, (_, index) => `a${index}`);
    for (const name of names) app.add('a', name, { n: 1, self: names });
    const { forms } = app.run({ a: { $: { where: { 'self.self.self.self.n': 1 } } } });
    let asked = 0;
    const prune = proofPruner(() => {
      asked++;
      return true;
    });
    const [form] = forms;
    const entities = form?.kind === 'entities' ? form.entities : [];
    expect(entities.flatMap(({ proof }) => (proof && prune(proof)) ?? [])).toHaveLength(40);
    // Four levels, each with all the links that there are.
    expect(asked).toBeLessThan(5 * 40 * 40);
  });

  test('alternatives that have to look at a whole namespace look at it once', () => {
    const app = new SmallApp({ 'a/n': {} });
    for (let i = 0; i < 100; i++) app.add('a', `a${i}`, { n: i });
    const or: JsonObject[] = Array.from({ length: 500 }, (_, n) => ({ n, and: [{ n: { $not: -1 } }] }));
    expect(app.found({ a: { $: { where: { or } } } })).toHaveLength(100);
    const { triples } = app.data;
    const scan = vi.spyOn(triples, 'attr');
    app.run({ a: { $: { where: { or } } } });
    expect(scan).toHaveBeenCalledTimes(1);
  });

  test('alternatives for the values of one path are one condition', () => {
    const app = library();
    const conditions = (values: unknown[]): unknown => ({
      or: values.map((title) => ({ 'books.title': title })),
    });
    expect(where(conditions(['Alpha', 'Gamma']))).toEqual(['ann']);
    expect(
      where({ or: [{ 'books.title': { $in: ['Alpha'] } }, { and: [{ 'books.title': 'Beta' }] }] }),
    ).toEqual(where(conditions(['Alpha', 'Beta'])));
    const many = Array.from({ length: 20_000 }, (_, i) => `title ${i}`);
    const { reader } = trackReads(app.data.triples, new ReadBudget(100_000));
    const query = { authors: { $: { where: conditions([...many, 'Alpha']) } } };
    const { triples } = runQuery({ catalog: app.data.catalog, reader }, query, { admin: false });
    expect(triples.map(([e]) => e)).toContain(app.id('ann'));
  });

  test('and a query that reads without end is given up', () => {
    const app = new SmallApp({ 'a/n': {} });
    for (let i = 0; i < 200; i++) app.add('a', `a${i}`, { n: i });
    const query = {
      a: { $: { where: { or: Array.from({ length: 200 }, (_, n) => ({ n: -n, and: [{ n: -n }] })) } } },
    };
    const run = (max: number): unknown => {
      const { reader } = trackReads(app.data.triples, new ReadBudget(max));
      return runQuery({ catalog: app.data.catalog, reader }, query, { admin: false }).triples;
    };
    expect(run(1_000_000)).toHaveLength(2);
    expect(() => run(10_000)).toThrow(
      expect.objectContaining({
        type: 'operation-timed-out',
        message: expect.stringContaining('more than 10000 times'),
      }),
    );
  });
});

describe('answers', () => {
  test('objectTree() refuses a tree that would not fit into memory', () => {
    const app = new SmallApp({ 'a/self': { to: 'a', as: 'fles', many: true }, 'a/text': {} });
    const names = Array.from({ length: 10 }, (_, index) => `a${index}`);
    for (const name of names) app.add('a', name, { text: 'x', self: names });
    const form = (depth: number): Record<string, unknown> => (depth === 0 ? {} : { self: form(depth - 1) });
    const tree = (depth: number): unknown => objectTree(app.run({ a: form(depth) }), { inference: false });
    expect(tree(2)).toMatchObject({ a: { length: 10 } });
    expect(() => tree(30)).toThrow(
      expect.objectContaining({
        type: 'operation-timed-out',
        message: expect.stringContaining('characters as a tree'),
      }),
    );
  });

  test('joinRowsResult() has one row of distinct triples, and leaves out what is empty', () => {
    const app = library();
    const outcome = app.run({ authors: { books: {} }, books: {} });
    const [{ data, 'child-nodes': children }] = joinRowsResult(outcome);
    const [row] = data['datalog-result']['join-rows'];
    expect(children).toEqual([]);
    expect(Object.keys(data)).toEqual(['datalog-result']);
    expect(new Set(row.map((triple) => JSON.stringify(triple))).size).toBe(row.length);
    expect(joinRowsResult(app.run({ nobody: {} }))[0].data['datalog-result']['join-rows']).toEqual([[]]);
  });

  test('fields cuts values down, `id` always stays, and what was asked by is sent all the same', () => {
    const app = library();
    const { triples } = app.run({ authors: { $: { fields: ['nope'], where: { name: 'Ann' } } } });
    const labels = triples.map(([, a]) => labelOf(app.data.catalog.byId(a) as never));
    expect(labels.sort()).toEqual(['id', 'name']);
  });

  test('aggregates count, and send no triples', () => {
    const app = library();
    const outcome = app.run({ authors: { $: { aggregate: 'count', where: { 'books.title': 'Beta' } } } });
    expect(outcome.aggregate).toEqual({ authors: { count: 2 } });
    expect(outcome.triples).toEqual([]);
    expect(objectTree(outcome, { inference: false })).toEqual({ authors: [] });
  });

  test('aggregates count the page where one is asked for', () => {
    const count = (options: Record<string, unknown>): number | undefined =>
      library().run({ authors: { $: { aggregate: 'count', ...options } } }).aggregate.authors?.count;
    expect(count({ limit: 2 })).toBe(2);
    expect(count({ limit: 2, offset: 2 })).toBe(1);
    expect(count({ first: 1, where: { 'books.title': 'Beta' } })).toBe(1);
    expect(count({ order: { name: 'asc' } })).toBe(3);
  });

  test('an aggregate below the top counts nothing, and leaves its form empty', () => {
    const app = library();
    const query = { authors: { $: { fields: [] }, books: { $: { aggregate: 'count' } } } };
    const outcome = app.run(query);
    expect(outcome.aggregate).toEqual({});
    expect(outcome.triples.map(([e, , v]) => [app.name(e), v])).toEqual(
      ['ann', 'bob', 'cid'].map((name) => [name, app.id(name)]),
    );
    const [ann] = objectTree(outcome, { inference: false }).authors ?? [];
    expect(ann).toEqual({ id: app.id('ann'), books: [] });
  });

  test('objectTree() has null where a link leads to nothing', () => {
    const app = library();
    app.set('authors', 'ann', 'books', 'gone');
    const query = {
      authors: { $: { where: { name: 'Ann' }, fields: [] }, books: { $: { fields: ['title'] } } },
    };
    const [ann] = objectTree(app.run(query), { inference: false }).authors ?? [];
    expect(ann?.books).toEqual([
      null,
      { id: app.id('b1'), title: 'Alpha' },
      { id: app.id('b2'), title: 'Beta' },
    ]);
    const deeper = { authors: { $: { where: { name: 'Ann' } }, books: { authors: { $: { fields: [] } } } } };
    const [again] = objectTree(app.run(deeper), { inference: false }).authors ?? [];
    expect(again).toMatchObject({ books: [{ authors: [{ id: app.id('ann') }] }, {}, {}] });
  });

  test('objectTree() gives one object for a link to one, where inference is asked for', () => {
    const app = library();
    const query = {
      authors: { $: { fields: [] }, best: { $: { fields: [] }, bestOf: { $: { fields: [] } } } },
    };
    const id = (name: string): string => app.id(name);
    const best = { id: id('b1'), bestOf: { id: id('ann') } };
    expect(objectTree(app.run(query), { inference: true })).toEqual({
      authors: [
        { id: id('ann'), best },
        { id: id('bob'), best: null },
        { id: id('cid'), best: null },
      ],
    });
    const [first] = objectTree(app.run(query), { inference: false }).authors ?? [];
    expect(first).toEqual({ id: id('ann'), best: [{ id: id('b1'), bestOf: [{ id: id('ann') }] }] });
  });

  test('objectTree() keeps nested order, ignores nested limit, and shows an unexpanded link to one as an id', () => {
    const app = library();
    const query = {
      authors: { $: { where: { name: 'Ann' } }, books: { $: { order: { pages: 'desc' }, limit: 1 } } },
    };
    const [ann] = objectTree(app.run(query), { inference: false }).authors ?? [];
    expect(ann).toMatchObject({ books: [{ title: 'Beta' }, { title: 'Alpha' }], best: app.id('b1') });
  });

  test('a proof falls with the rows that may not be seen, and stands while one way is left', () => {
    const app = library();
    const outcome = app.run({ authors: { $: { where: { 'books.pages': { $gt: 1 } } } } });
    const form = outcome.forms[0];
    const proof =
      form?.kind === 'entities' ? form.entities.find(({ e }) => e === app.id('ann'))?.proof : undefined;
    if (!proof) throw new Error('Ann was not found');
    const hiding = (...names: string[]) => proofPruner(([e]) => !names.includes(app.name(e)))(proof);
    expect(hiding()).toEqual(proof);
    expect(hiding('b1')).toBeDefined();
    expect(hiding('b1', 'b2')).toBeUndefined();
    expect(hiding('ann')).toBeUndefined();
  });
});

describe('likeMatcher()', () => {
  test.each([
    ['%', '', true],
    ['a%c', 'abbc', true],
    ['a%c', 'abb', false],
    ['_', '', false],
    ['%a%b', 'xxaxb', true],
    ['%_', 'a\nb', true],
    ['a.c', 'abc', false],
    ['A', 'a', false],
  ] as const)('%s and %j: %s', (pattern, text, expected) => {
    expect(likeMatcher(pattern, true)(text)).toBe(expected);
  });

  test.each([
    ['100\\%', '100%', true],
    ['100\\%', '100 %', false],
    ['100\\%', '100\\ and more', true],
    ['a\\_b%', 'a_bc', true],
    ['a\\_b%', 'axbc', false],
    ['a\\\\b', 'a\\b', true],
    ['%\\%', 'a \\ b', true],
    ['a\\', 'a\\', true],
  ] as const)(
    'takes a backslash as Postgres does, and as core does: %s and %j: %s',
    (pattern, text, expected) => {
      expect(likeMatcher(pattern, true)(text)).toBe(expected);
      const app = new SmallApp({ 'a/s': { type: 'string', indexed: true } }).add('a', 'x', { s: text });
      expect(app.found({ a: { $: { where: { s: { $like: pattern } } } } })).toEqual(expected ? ['x'] : []);
    },
  );

  test('ignores case when told to', () => {
    expect(likeMatcher('ÄB%', false)('äbc')).toBe(true);
  });

  test('comes to an end with a pattern that would keep a regular expression busy', () => {
    expect(likeMatcher(`${'%a'.repeat(500)}%b`, true)('a'.repeat(20_000))).toBe(false);
    // However long the pattern is, a text takes its own time.
    const texts = Array.from({ length: 10_000 }, () => 'a'.repeat(100));
    expect(texts.filter(likeMatcher(`${'%'.repeat(1_000_000)}a`, true))).toHaveLength(10_000);
    expect(texts.filter(likeMatcher(`${'%a'.repeat(1_000_000)}%`, false))).toHaveLength(0);
  });
});
