import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../protocol/json.ts';
import type { Change } from '../store/undo-log.ts';
import { joinRowsResult, ReadIndex, runQuery, trackReads } from './index.ts';
import { SmallApp } from './small-app.fixture.ts';

function smallApp(): SmallApp {
  return new SmallApp({
    'a/n': { type: 'number', indexed: true },
    'a/x': {},
    'a/bs': { to: 'b', as: 'as', many: true },
    'a/best': { to: 'b', as: 'bestOf' },
    'b/n': { type: 'number', indexed: true },
    'b/x': {},
    'c/x': { indexed: true },
  });
}

function read(
  app: SmallApp,
  query: unknown,
): { answer: string; reads: ReturnType<typeof trackReads>['reads'] } {
  const { reader, reads } = trackReads(app.data.triples);
  const outcome = runQuery({ catalog: app.data.catalog, reader }, query, { admin: true });
  const [{ data }] = joinRowsResult(outcome);
  const triples = outcome.triples.map((triple) => JSON.stringify(triple)).sort();
  return { answer: JSON.stringify([triples, data['page-info'], data.aggregate]), reads };
}

const QUERIES: Record<string, unknown>[] = [
  { a: {} },
  { a: { bs: {} } },
  { a: { $: { where: { n: 1 } } } },
  { a: { $: { where: { x: 1 } }, best: {} } },
  { a: { $: { where: { n: { $gt: 1 } } } } },
  { a: { $: { where: { 'bs.n': 1, 'bs.x': 2 } } } },
  { a: { $: { where: { or: [{ 'bs.n': 1 }, { 'best.n': { $not: 1 } }] } } } },
  { a: { $: { where: { bs: { $isNull: true } } } } },
  { a: { $: { where: { 'best.x': { $isNull: false } } } } },
  { a: { $: { where: { and: [{ n: { $in: [1, 2] } }, { 'bs.x': 1 }] } } } },
  { a: { $: { order: { n: 'desc' }, limit: 1 } } },
  { a: { $: { limit: 1, offset: 1 }, bs: { as: { $: { where: { n: 2 } } } } } },
  { b: { as: { $: { fields: ['n'] } }, bestOf: {} } },
  { b: { $: { where: { 'as.n': 1 } } } },
  { b: { $: { aggregate: 'count', where: { n: { $not: 1 } } } } },
  { c: {} },
  { c: { $: { where: { x: 1 } } } },
];

const NAMES = { a: ['a1', 'a2', 'a3'], b: ['b1', 'b2', 'b3'], c: ['c1', 'c2'] };
const LABELS = { a: ['id', 'n', 'x', 'bs', 'best'], b: ['id', 'n', 'x'], c: ['id', 'x'] };

interface Step {
  etype: 'a' | 'b' | 'c';
  name: number;
  label: number;
  value: number | null;
  remove: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  etype: fc.constantFrom('a', 'b', 'c'),
  name: fc.nat({ max: 2 }),
  label: fc.nat({ max: 4 }),
  value: fc.option(fc.nat({ max: 2 }), { nil: null }),
  remove: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
});

function apply(app: SmallApp, steps: readonly Step[]): Change[] {
  return app.data.undoLog.transaction(() => {
    for (const { etype, name, label, value, remove } of steps) {
      const e = app.id(NAMES[etype][name % NAMES[etype].length] as string);
      const word = LABELS[etype][label % LABELS[etype].length] as string;
      const attr = app.data.catalog.byForward(etype, word);
      if (!attr) throw new Error(`No attribute ${etype}/${word}`);
      let v: JsonValue = value;
      if (word === 'id') v = e;
      else if (attr['value-type'] === 'ref') v = app.id(NAMES.b[value ?? 0] as string);
      if (!remove) app.data.triples.add(attr, e, v, 1 + (value ?? 0));
      else for (const triple of app.data.triples.entityAttr(e, attr.id)) app.data.triples.remove(triple);
    }
  }).changes;
}

describe('ReadIndex', () => {
  const seed = Number(process.env.FAST_CHECK_SEED ?? Math.floor(Math.random() * 2 ** 31));

  test(`affected() has every query whose answer changed (FAST_CHECK_SEED=${seed})`, () => {
    let changed = 0;
    let spared = 0;
    const transactions = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), transactions, (first, rest) => {
        const app = smallApp();
        apply(app, first);
        const index = new ReadIndex<number>();
        const answers = QUERIES.map((query, key) => {
          const { answer, reads } = read(app, query);
          index.add(key, reads);
          return answer;
        });
        for (const steps of rest) {
          const affected = index.affected(apply(app, steps));
          for (const [key, query] of QUERIES.entries()) {
            const now = read(app, query);
            if (now.answer !== answers[key]) {
              changed++;
              expect(affected, JSON.stringify({ query, steps })).toContain(key);
            } else if (!affected.has(key)) {
              spared++;
            }
            if (!affected.has(key)) continue;
            answers[key] = now.answer;
            index.add(key, now.reads);
          }
        }
      }),
      { seed, numRuns: 60 },
    );
    // Reporting every query for every change would be right, and of no use.
    expect(changed).toBeGreaterThan(200);
    expect(spared).toBeGreaterThan(changed);
  });

  function indexed(app: SmallApp, query: unknown): ReadIndex<string> {
    const index = new ReadIndex<string>();
    index.add('q', read(app, query).reads);
    return index;
  }

  function change(app: SmallApp, etype: string, name: string, label: string, value: JsonValue): Change[] {
    return app.data.undoLog.transaction(() => app.set(etype, name, label, value)).changes;
  }

  test('affected() leaves out queries on other namespaces, and on other entities', () => {
    const app = smallApp()
      .add('a', 'a1', { n: 1, x: 'old' })
      .add('a', 'a2', { n: 2 })
      .add('c', 'c1', { x: 1 });
    const index = indexed(app, { a: { $: { where: { n: 1 } }, bs: {} } });
    expect(index.affected(change(app, 'c', 'c1', 'x', 2)).size).toBe(0);
    expect(index.affected(change(app, 'a', 'a2', 'x', 'new')).size).toBe(0);
    expect(index.affected(change(app, 'a', 'a3', 'n', 3)).size).toBe(0);
    expect([...index.affected(change(app, 'a', 'a1', 'x', 'newer'))]).toEqual(['q']);
    expect([...index.affected(change(app, 'a', 'a3', 'n', 1))]).toEqual(['q']);
    expect([...index.affected(change(app, 'a', 'a1', 'bs', 'b1'))]).toEqual(['q']);
  });

  test('remove() forgets a query, add() replaces what it read', () => {
    const app = smallApp().add('a', 'a1', { n: 1 });
    const index = indexed(app, { a: {} });
    expect(index.size).toBe(1);
    index.add('q', read(app, { c: {} }).reads);
    expect(index.affected(change(app, 'a', 'a2', 'id', app.id('a2'))).size).toBe(0);
    expect(index.affected(change(app, 'c', 'c2', 'id', app.id('c2'))).size).toBe(1);
    index.remove('q');
    index.remove('q');
    expect(index.size).toBe(0);
    expect(index.affected(change(app, 'c', 'c3', 'id', app.id('c3'))).size).toBe(0);
  });

  test('a query that reads much of an attribute is held by the attribute', () => {
    const app = smallApp();
    for (let i = 0; i < 1_500; i++) app.add('a', `many${i}`, { x: i });
    const { reads } = read(app, { a: {} });
    expect([...reads.attrs]).toContain(app.attrId('a/x'));
    expect(reads.entityAttrs.size).toBe(0);
    expect(indexed(app, { a: {} }).affected(change(app, 'a', 'many3', 'x', 'new')).size).toBe(1);
  });

  test('affected() does not look at queries that have nothing to do with the change', () => {
    const app = smallApp().add('a', 'a1', { n: 1 });
    const index = new ReadIndex<string>();
    let looked = 0;
    for (let i = 0; i < 1_000; i++) {
      const reads = read(app, { a: { $: { where: { id: app.id(`other${i}`) } } } }).reads;
      const counting = new Proxy(reads, {
        get(target, name) {
          looked++;
          return Reflect.get(target, name);
        },
      });
      index.add(`q${i}`, counting);
    }
    looked = 0;
    expect(index.affected(change(app, 'a', 'a1', 'x', 2)).size).toBe(0);
    expect(looked).toBe(0);
  });
});
