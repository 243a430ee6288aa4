import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SmallApp } from './small-app.fixture.ts';

const app = new SmallApp({
  'users/handle': { type: 'string', indexed: true },
  'users/age': { type: 'number', indexed: true },
});
app.add('users', 's', { handle: 'stopa', age: 3 }, 10).add('users', 'j', { handle: 'joe', age: 3 }, 20);
app.add('users', 'a', { handle: 'alex', age: null }, 30).add('users', 'n', { handle: 'nicole', age: 1 }, 40);

interface Shown {
  rows: string[];
  next: boolean | undefined;
  previous: boolean | undefined;
}

function page(options: Record<string, unknown>): Shown {
  const query = { users: { $: { order: { serverCreatedAt: 'asc' }, ...options } } };
  const info = app.run(query).pageInfo.users;
  return { rows: app.found(query), next: info?.['has-next-page?'], previous: info?.['has-previous-page?'] };
}

function cursor(name: string, label = 'id', v: unknown = app.id(name)): unknown[] {
  const t = { s: 10, j: 20, a: 30, n: 40 }[name];
  return [app.id(name), app.attrId(`users/${label}`), v, t];
}

describe('pages', () => {
  test.each([
    [{}, ['s', 'j', 'a', 'n'], false, false],
    [{ limit: 2 }, ['s', 'j'], true, false],
    [{ limit: 2, offset: 1 }, ['j', 'a'], true, true],
    [{ limit: 1, offset: 999 }, [], false, true],
    [{ last: 1, before: cursor('a') }, ['j'], true, true],
    [{ last: 2, before: cursor('a') }, ['s', 'j'], true, false],
    [{ first: 1, after: cursor('a') }, ['n'], false, true],
    [{ first: 1, after: cursor('n') }, [], false, true],
    [{ before: cursor('a') }, ['s', 'j'], true, false],
    [{ before: cursor('a'), beforeInclusive: true }, ['s', 'j', 'a'], true, false],
    [{ after: cursor('j'), afterInclusive: true }, ['j', 'a', 'n'], false, true],
    [{ after: cursor('s'), before: cursor('n') }, ['j', 'a'], true, true],
    [{ last: 2 }, ['a', 'n'], false, true],
    [{ last: 1, offset: 1 }, ['a'], true, true],
    [{ limit: 4, offset: 0 }, ['s', 'j', 'a', 'n'], false, false],
    [{ before: cursor('s') }, [], false, false],
    [{ order: { serverCreatedAt: 'desc' }, limit: 1, after: cursor('a') }, ['j'], true, true],
  ] as const)('%j', (options, rows, next, previous) => {
    expect(page(options)).toEqual({ rows: [...rows], next, previous });
  });

  test('put entities without a value first, or last when descending, and break ties by id', () => {
    expect(app.found({ users: { $: { order: { age: 'asc' } } } })).toEqual(['a', 'n', 's', 'j']);
    expect(app.found({ users: { $: { order: { age: 'desc' } } } })).toEqual(['j', 's', 'n', 'a']);
  });

  test('give cursors of the attribute that orders, with null where there is no value', () => {
    const info = app.run({ users: { $: { order: { age: 'asc' }, limit: 2 } } }).pageInfo.users;
    expect(info?.['start-cursor']).toEqual([app.id('a'), app.attrId('users/age'), null, 30]);
    expect(info?.['end-cursor']).toEqual([app.id('n'), app.attrId('users/age'), 1, 40]);
    expect(app.found({ users: { $: { order: { age: 'asc' }, after: info?.['end-cursor'] } } })).toEqual([
      's',
      'j',
    ]);
    expect(app.found({ users: { $: { order: { age: 'asc' }, after: info?.['start-cursor'] } } })).toEqual([
      'n',
      's',
      'j',
    ]);
  });

  test('have no cursors when they are empty', () => {
    const info = app.run({ users: { $: { limit: 1, offset: 9 } } }).pageInfo.users;
    expect(info).toMatchObject({ 'start-cursor': null, 'end-cursor': null });
  });

  test('are told of only where one was asked for', () => {
    expect(app.run({ users: { $: { where: { handle: 'joe' } } } }).pageInfo).toEqual({});
  });

  test('order strings as an en-US collator does', () => {
    const words = new SmallApp({ 'words/w': { type: 'string', indexed: true } });
    for (const w of ['b', 'B', 'a', 'Z', 'ä', 'z']) words.add('words', w, { w });
    expect(words.found({ words: { $: { order: { w: 'asc' } } } })).toEqual(['a', 'ä', 'b', 'B', 'z', 'Z']);
  });

  const seed = Number(process.env.FAST_CHECK_SEED ?? Math.floor(Math.random() * 2 ** 31));

  test(`are what cutting the whole order gives (FAST_CHECK_SEED=${seed})`, () => {
    const key = fc.option(fc.integer({ min: 0, max: 3 }), { nil: null });
    const at = fc.option(fc.nat({ max: 5 }), { nil: undefined });
    const size = fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined });
    const options = fc.record({
      after: at,
      before: at,
      ai: fc.boolean(),
      bi: fc.boolean(),
      limit: size,
      last: fc.boolean(),
    });
    const offset = fc.option(fc.nat({ max: 3 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(key, { maxLength: 6 }), options, offset, fc.boolean(), (keys, cut, skip, desc) => {
        const random = new SmallApp({ 'x/k': { type: 'number', indexed: true } });
        for (const [index, k] of keys.entries()) random.add('x', `x${index}`, { k });
        const $ = { order: { k: desc ? 'desc' : 'asc' } };
        const whole = random.found({ x: { $ } });
        const cursorOf = (index: number | undefined): unknown[] | undefined => {
          const name = index === undefined ? undefined : whole[index];
          const e = name === undefined ? undefined : random.id(name);
          return e === undefined
            ? undefined
            : [e, random.attrId('x/k'), keys[Number(name?.slice(1))] ?? null, 1];
        };
        const [after, before] = [cursorOf(cut.after), cursorOf(cut.before)];
        const asked = {
          ...$,
          ...(after && { after, afterInclusive: cut.ai }),
          ...(before && { before, beforeInclusive: cut.bi }),
          ...(cut.limit && { [cut.last ? 'last' : 'limit']: cut.limit }),
          ...(skip !== undefined && { offset: skip }),
        };
        let rest = whole.filter((_, index) => {
          const isAfter = !after || index > Number(cut.after) || (cut.ai && index === cut.after);
          return isAfter && (!before || index < Number(cut.before) || (cut.bi && index === cut.before));
        });
        if (cut.limit && cut.last)
          rest = rest.slice(0, Math.max(0, rest.length - (skip ?? 0))).slice(-cut.limit);
        else rest = rest.slice(skip ?? 0, cut.limit === undefined ? undefined : (skip ?? 0) + cut.limit);
        expect(random.found({ x: { $: asked } })).toEqual(rest);
      }),
      { seed, numRuns: 500 },
    );
  });
});
