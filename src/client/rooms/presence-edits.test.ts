import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diffPresence } from '../../backend/rooms/diff-presence.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { applyEdits } from './presence-edits.ts';

const seed = Number(process.env.FAST_CHECK_SEED ?? Math.floor(Math.random() * 2 ** 31));

const parse = (text: string): JsonObject => JSON.parse(text);
const peersOf = (data: unknown): Map<string, unknown> => new Map([['a', data]]);
/** What `a` shows after edits, and what was passed over. */
function edited(data: unknown, ...edits: unknown[]): { data: unknown; skipped: unknown } {
  const { peers, skipped } = applyEdits(peersOf(data), edits, 'me');
  return { data: peers.get('a'), skipped };
}

describe('applyEdits()', () => {
  test.each<[string, unknown, unknown[], unknown]>([
    ['adds a key', {}, [['a', 'data', 'x'], '+', 1], { x: 1 }],
    ['replaces a key', { x: 0 }, [['a', 'data', 'x'], 'r', 1], { x: 1 }],
    ['takes a key away', { x: 0, y: 1 }, [['a', 'data', 'x'], '-'], { y: 1 }],
    [
      'leaves an object that has lost its last key',
      { p: { x: 0 } },
      [['a', 'data', 'p', 'x'], '-'],
      { p: {} },
    ],
    ['leaves a session that shows nothing any more', { x: 0 }, [['a', 'data', 'x'], '-'], {}],
    ['takes nothing away where nothing is', {}, [['a', 'data', 'toString', 'x'], '-'], {}],
    ['inserts an item', { l: [1, 3] }, [['a', 'data', 'l', 1], '+', 2], { l: [1, 2, 3] }],
    ['adds an item', { l: [1] }, [['a', 'data', 'l', 1], '+', 2], { l: [1, 2] }],
    ['replaces an item', { l: [1, 2] }, [['a', 'data', 'l', 1], 'r', 3], { l: [1, 3] }],
    ['takes an item away', { l: [1, 2] }, [['a', 'data', 'l', 0], '-'], { l: [2] }],
    ['takes no item away beside the last', { l: [1] }, [['a', 'data', 'l', 1], '-'], { l: [1] }],
    ['makes what is missing on the way', {}, [['a', 'data', 'p', 0, 'x'], 'r', 1], { p: [{ x: 1 }] }],
    ['takes a number for the name of a key', { 0: 1 }, [['a', 'data', 0], 'r', 2], { 0: 2 }],
    ['replaces what a session shows', {}, [['a', 'data'], 'r', [1]], [1]],
    ['replaces a session', {}, [['a'], 'r', { data: { x: 1 } }], { x: 1 }],
    ['replaces all', {}, [[], 'r', { a: { data: 1 }, me: { data: 2 } }], 1],
    ['ignores what else is known of a session', { x: 1 }, [['a', 'user'], 'r', null], { x: 1 }],
    ['ignores what oneself shows', { x: 1 }, [['me', 'data', 'l', 7], 'r', 1], { x: 1 }],
  ])('%s', (_what, before, edit, expected) => {
    expect(edited(before, edit)).toEqual({ data: expected, skipped: undefined });
  });

  test.each<[string, unknown]>([
    ['no array', 7],
    ['no path', [7, 'r', 1]],
    ['an empty path', [[], '+', {}]],
    ['an empty path to no object', [[], 'r', 1]],
    ['a path of objects', [['a', 'data', {}], 'r', 1]],
    ['no operation', [['a', 'data', 'x']]],
    ['an unknown operation', [['a', 'data', 'x'], 'constructor', 1]],
    ['no value', [['a', 'data', 'x'], '+']],
    ['a path into a text', [['a', 'data', 'text', 'length'], 'r', 1]],
    ['a path into a number', [['a', 'data', 'x', 'y'], 'r', 1]],
    ['a path into null', [['a', 'data', 'none', 'y'], '-']],
    ['an item far beside an array', [['a', 'data', 'l', 4_294_967_294], 'r', 1]],
    ['an item before an array', [['a', 'data', 'l', -1], '+', 1]],
    ['half an item', [['a', 'data', 'l', 0.5], 'r', 1]],
    ['the length of an array', [['a', 'data', 'l', 'length'], 'r', 0]],
    ['a method of an array', [['a', 'data', 'l', 'push', 'x'], 'r', 0]],
    ['an item far beside a new array', [['a', 'data', 'new', 7], 'r', 1]],
  ])('passes over %s, and does the others', (_what, edit) => {
    const before = { x: 1, text: 'text', none: null, l: [1] };
    expect(edited(before, edit, [['a', 'data', 'y'], '+', 2])).toEqual({
      data: { ...before, y: 2 },
      skipped: { count: 1, first: expect.stringMatching(/^it/) },
    });
  });

  test('counts what it passes over', () => {
    const edits = [7, [['a', 'data', 'x'], 'r', 1], [['b', 'data', 'l', 7], 'r', 1], {}];
    expect(applyEdits(peersOf({}), edits, 'me').skipped).toMatchObject({ count: 3 });
  });

  test('reaches own properties alone', () => {
    const known = Reflect.ownKeys(Object.prototype);
    const { peers } = applyEdits(
      peersOf({}),
      [
        [['__proto__', 'data', 'polluted'], 'r', 1],
        [['a', '__proto__', 'polluted'], 'r', 1],
        [['a', 'data', '__proto__', 'polluted'], 'r', 1],
        [['a', 'data', 'constructor', 'prototype', 'polluted'], '+', 1],
        [['a', 'data', 'toString'], '-'],
      ],
      'me',
    );
    expect(JSON.stringify([...peers])).toBe(
      '[["a",{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}],["__proto__",{"polluted":1}]]',
    );
    expect(Reflect.ownKeys(Object.prototype)).toEqual(known);
  });

  test('changes nothing that was handed out, nor what it was given', () => {
    const given = { p: { l: [1] } };
    const value = { q: { x: 1 } };
    const edits = [
      [['a', 'data', 'p', 'l', 0], '-'],
      [['a', 'data', 'v'], '+', value],
      [['a', 'data', 'v', 'q', 'x'], 'r', 2],
    ];
    const first = applyEdits(peersOf(given), edits, 'me').peers;
    const second = applyEdits(first, [[['a', 'data', 'v', 'q', 'y'], '+', 3]], 'me').peers;
    expect(given).toEqual({ p: { l: [1] } });
    expect(value).toEqual({ q: { x: 1 } });
    expect(first.get('a')).toEqual({ p: { l: [] }, v: { q: { x: 2 } } });
    expect(second.get('a')).toEqual({ p: { l: [] }, v: { q: { x: 2, y: 3 } } });
  });

  test('goes down a path of any length', () => {
    const path = ['a', 'data', ...Array.from({ length: 100_000 }, () => 'x')];
    const { data, skipped } = edited({}, [path, 'r', 1]);
    expect(skipped).toBeUndefined();
    let place = data;
    for (let depth = 0; depth < 100_000; depth++) place = (place as { x: unknown }).x;
    expect(place).toBe(1);
  });

  test(`takes what the local backend makes of any change (FAST_CHECK_SEED=${seed})`, () => {
    const names = [
      '__proto__',
      'constructor',
      'hasOwnProperty',
      'toString',
      'toJSON',
      'then',
      '',
      '0',
      'length',
      'a',
    ];
    const key = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...names) }, fc.string());
    const { object } = fc.letrec<{ value: unknown; object: JsonObject }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, depthSize: 'small' },
        fc.constantFrom(null, true, 0, 1, '', 'a', '\u0000', '\ud800'),
        fc.array(tie('value'), { maxLength: 3 }),
        tie('object'),
      ),
      object: fc
        .array(fc.tuple(key, tie('value')), { maxLength: 4 })
        .map((entries) => Object.fromEntries(entries) as JsonObject),
    }));
    const room = fc.dictionary(fc.constantFrom('me', 'a', 'b', '__proto__'), object, {
      noNullPrototype: true,
    });
    const entriesOf = (shown: Record<string, JsonObject>) =>
      new Map(
        Object.entries(shown).map(([id, data]) => [
          id,
          { 'peer-id': id, 'instance-id': 'i', user: null, data },
        ]),
      );
    fc.assert(
      fc.property(fc.array(room, { minLength: 2, maxLength: 6 }), (states) => {
        let before = entriesOf({});
        let peers = applyEdits(new Map(), [], 'me').peers;
        for (const state of states) {
          const next = entriesOf(state);
          const edits = parse(JSON.stringify(diffPresence(before, next))) as unknown as unknown[];
          const outcome = applyEdits(peers, edits, 'me');
          expect(outcome.skipped).toBeUndefined();
          const others = Object.entries(state).filter(([id]) => id !== 'me');
          expect(sorted([...outcome.peers])).toBe(sorted(others));
          before = next;
          peers = outcome.peers;
        }
      }),
      { seed, numRuns: 1_000 },
    );
  });
});

/** JSON with the keys of all objects in order. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) {
    const items = value.map(sorted);
    return `[${(Array.isArray(value[0]) ? items.sort() : items).join()}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}:${sorted(inner)}`);
  return `{${entries.sort().join()}}`;
}
