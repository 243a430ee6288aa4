import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { objectTree, runQuery } from '../../src/backend/query/index.ts';
import { type ClientResult, runInCore } from '../core-engine.ts';
import { drawQuery, type Form, type RandomQuery } from './random-query.ts';
import { type Draw, drawWorld, type World } from './random-world.ts';

// The backend and core's client were written apart from each other. What a program sees is the backend's answer after
// core's engine went over it; it must be what core's engine finds when it has all the data of the app.

const RUNS = 120;
const QUERIES_PER_RUN = 5;
const seed = Number(process.env.FAST_CHECK_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** An answer as ids in their order: who was found, under whom. */
interface Outline {
  id: unknown;
  below: Record<string, Outline[]>;
}

function outline(query: Record<string, Form>, result: Record<string, unknown>): Record<string, Outline[]> {
  const below = (form: Form, object: Record<string, unknown>): Record<string, Outline[]> =>
    Object.fromEntries(
      Object.keys(form)
        .filter((label) => label !== '$')
        .map((label) => [label, list(form[label] as Form, object[label])]),
    );
  const list = (form: Form, objects: unknown): Outline[] =>
    (objects as Record<string, unknown>[]).map((object) => ({ id: object.id, below: below(form, object) }));
  return below(query, result);
}

/** The query without limits below the top: a tree has all children, core's engine cuts them itself (§2.4). */
function withoutNestedLimits(query: Record<string, Form>): Record<string, Form> {
  const strip = (form: Form, level: number): Form =>
    Object.fromEntries(
      Object.entries(form).map(([key, value]) => {
        if (key !== '$') return [key, strip(value as Form, level + 1)];
        const { limit, first, ...options } = value as Record<string, unknown>;
        return [key, level === 0 ? value : options];
      }),
    );
  return Object.fromEntries(Object.entries(query).map(([key, form]) => [key, strip(form, 0)]));
}

/** Whether `more` has everything that `less` has, in any order. */
function covers(more: Record<string, Outline[]>, less: Record<string, Outline[]>): boolean {
  return Object.entries(less).every(([label, items]) =>
    items.every((item) =>
      more[label]?.some((other) => other.id === item.id && covers(other.below, item.below)),
    ),
  );
}

interface Compared {
  throughClient: ClientResult;
  fromAllData: ClientResult;
  tree: Record<string, Outline[]>;
  treeFromAllData: Record<string, Outline[]>;
}

function compare(world: World, query: Record<string, Form>): Compared {
  const source = { catalog: world.data.catalog, reader: world.data.triples };
  const outcome = runQuery(source, query, { admin: false });
  const whole = withoutNestedLimits(query);
  return {
    throughClient: runInCore(world.attrs, outcome.triples, query, outcome.pageInfo),
    fromAllData: runInCore(world.attrs, world.triples, query, outcome.pageInfo),
    tree: outline(query, objectTree(outcome, { inference: false })),
    treeFromAllData: outline(query, runInCore(world.attrs, world.triples, whole, outcome.pageInfo)),
  };
}

/** Asks a page once more, between two of the rows that it would have without cursors. */
function withCursors(draw: Draw, world: World, query: Record<string, Form>): Record<string, Form> {
  const source = { catalog: world.data.catalog, reader: world.data.triples };
  const [etype, form] = Object.entries(query)[0] as [string, Form];
  const { offset, limit, first, ...rest } = form.$ ?? {};
  const cursorAt = (index: number): unknown => {
    const row = { ...rest, limit: 1, offset: index };
    return runQuery(source, { [etype]: { $: row } }, { admin: false }).pageInfo[etype]?.['start-cursor'];
  };
  const size = limit ?? first ?? 2;
  const $: Record<string, unknown> = { ...rest, [draw(fc.constantFrom, 'limit', 'last')]: size };
  for (const [name, inclusive] of [
    ['after', 'afterInclusive'],
    ['before', 'beforeInclusive'],
  ] as const) {
    const cursor = draw(fc.boolean) ? cursorAt(draw(fc.integer, { min: 0, max: 4 })) : undefined;
    if (cursor) Object.assign($, { [name]: cursor, [inclusive]: draw(fc.boolean) });
  }
  // Without a cursor or an offset, the client takes a page from the start, also the `last` one (§2.3, "leading").
  if (!('after' in $) && !('before' in $)) $.offset = 1;
  return { [etype]: { ...form, $ } };
}

const seen = { queries: 0, same: 0, negating: 0, sharing: 0, reverseSets: 0, cursors: 0, found: 0 };

function check(world: World, random: RandomQuery): void {
  try {
    checkAgreement(world, random);
  } catch (cause) {
    throw new Error(`The engines disagree on ${JSON.stringify(random)}`, { cause });
  }
}

function checkAgreement(world: World, { query, traits }: RandomQuery): void {
  seen.queries++;
  const compared = compare(world, query);
  if (Object.values(compared.fromAllData).some((objects) => objects.length > 0)) seen.found++;
  if (traits.negates) {
    seen.negating++;
    // Known difference "partial entities": the client may add entities, and lose none.
    const through = outline(query, compared.throughClient);
    if (!JSON.stringify(query).match(/"(limit|first)"/))
      expect(covers(through, outline(query, compared.fromAllData))).toBe(true);
  } else {
    seen.same++;
    expect(compared.throughClient).toEqual(compared.fromAllData);
  }
  if (traits.shares || traits.reverseSet) {
    // Known differences "elements share" and "sets on reversed links": the backend finds more, and never less.
    if (traits.shares) seen.sharing++;
    if (traits.reverseSet) seen.reverseSets++;
    expect(covers(compared.tree, compared.treeFromAllData)).toBe(true);
  } else {
    expect(compared.tree).toEqual(compared.treeFromAllData);
  }
}

describe('random queries', () => {
  // Core warns on every nested limit.
  beforeAll(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}));
  afterAll(() => void vi.restoreAllMocks());

  test(`the backend and core's client agree (FAST_CHECK_SEED=${seed})`, () => {
    fc.assert(
      fc.property(fc.gen(), (draw) => {
        const world = drawWorld(draw);
        for (let i = 0; i < QUERIES_PER_RUN; i++) {
          const random = drawQuery(draw, world);
          check(world, random);
          if (random.traits.paged && !random.traits.negates) {
            seen.cursors++;
            check(world, { ...random, query: withCursors(draw, world, random.query) });
          }
        }
      }),
      { seed, numRuns: RUNS, interruptAfterTimeLimit: 45_000 },
    );
    console.info(`FAST_CHECK_SEED=${seed}`, seen);
    // Queries that find nothing, or of which one kind is missing, would prove little.
    expect(seen.queries).toBeGreaterThanOrEqual(500);
    expect(seen.found).toBeGreaterThan(seen.queries / 4);
    expect(Math.min(seen.same, seen.negating, seen.sharing, seen.reverseSets, seen.cursors)).toBeGreaterThan(
      5,
    );
  });
});
