import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { canonicalJson, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import type { PresenceEdit, PresenceEntry } from '../../protocol/rooms.ts';
import { diffPresence, type RoomState } from './diff-presence.ts';

const entryOf = (id: string, data: JsonObject): PresenceEntry => ({
  'peer-id': id,
  'instance-id': 'i',
  user: null,
  data,
});
const room = (...members: [string, JsonObject][]): RoomState =>
  new Map(members.map(([id, data]) => [id, entryOf(id, data)]));

describe('diffPresence()', () => {
  test.each<[string, JsonObject, JsonObject, PresenceEdit[]]>([
    ['nothing', { a: 1, b: [{}] }, { b: [{}], a: 1 }, []],
    ['the first key', {}, { a: 1 }, [[['s', 'data'], 'r', { a: 1 }]]],
    ['the last key', { a: 1 }, {}, [[['s', 'data'], 'r', {}]]],
    [
      'keys, the old ones first',
      { a: 'a', d: 'd', e: 'e' },
      { a: 'a', e: 'E', f: 'F' },
      [
        [['s', 'data', 'd'], '-'],
        [['s', 'data', 'e'], 'r', 'E'],
        [['s', 'data', 'f'], '+', 'F'],
      ],
    ],
    [
      'all keys, additions first',
      { a: 'a' },
      { b: 'b' },
      [
        [['s', 'data', 'b'], '+', 'b'],
        [['s', 'data', 'a'], '-'],
      ],
    ],
    ['a nested value', { p: { x: 1, y: 2 } }, { p: { x: 3, y: 2 } }, [[['s', 'data', 'p', 'x'], 'r', 3]]],
    ['a nested object that ends empty', { p: { x: 1 } }, { p: {} }, [[['s', 'data', 'p'], 'r', {}]]],
    ['an item of an array', { l: [1, 2] }, { l: [1, 3] }, [[['s', 'data', 'l', 1], 'r', 3]]],
    ['the length of an array', { l: [1] }, { l: [] }, [[['s', 'data', 'l'], 'r', []]]],
    ['null to an object', { p: null }, { p: { x: 1 } }, [[['s', 'data', 'p'], 'r', { x: 1 }]]],
  ])('finds a change of %s', (_what, before, after, edits) => {
    expect(diffPresence(room(['s', before]), room(['s', after]))).toEqual(edits);
  });

  test('finds who came and who went', () => {
    expect(diffPresence(room(['a', {}]), room(['b', { x: 1 }]))).toEqual([
      [['b'], '+', entryOf('b', { x: 1 })],
      [['a'], '-'],
    ]);
  });

  test('replaces whole what has a key "__proto__"', () => {
    const after = JSON.parse('{"a":1,"__proto__":{"b":1}}');
    expect(diffPresence(room(['s', { a: 1 }]), room(['s', after]))).toEqual([[['s', 'data'], 'r', after]]);
  });
});

/** Core's own functions, as its client applies edits. They are not among its exports. */
interface CoreObjects {
  insertInMutative(target: object, path: (string | number)[], value: unknown): void;
  assocInMutative(target: object, path: (string | number)[], value: unknown): void;
  dissocInMutative(target: object, path: (string | number)[]): void;
}

test('random edits, applied by core, give what they were made from', async () => {
  const require = createRequire(import.meta.url);
  const core: CoreObjects = await import(
    require.resolve('@instantdb/core').replace(/index\.js$/, 'utils/object.js')
  );
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const random = randomFrom(seed);
  let truth = room(['s', {}], ['t', {}]);
  const seen = Object.fromEntries([...truth].map(([id, { data }]) => [id, { data: structuredClone(data) }]));
  for (let step = 0; step < 2_000; step++) {
    const next = new Map(truth);
    const id = ['s', 't', 'u', 'v'][random(4)] as string;
    if (random(6) === 0) next.delete(id);
    else next.set(id, entryOf(id, randomObject(random, 3)));
    for (const [path, op, value] of structuredClone(diffPresence(truth, next))) {
      if (op === '+') core.insertInMutative(seen, path, value);
      else if (op === 'r') core.assocInMutative(seen, path, value);
      else core.dissocInMutative(seen, path);
    }
    const shown = (entries: Iterable<[string, { data: JsonObject }]>): string =>
      canonicalJson(Object.fromEntries([...entries].map(([key, { data }]) => [key, data])));
    expect(shown(Object.entries(seen)), `seed ${seed}, step ${step}`).toBe(shown(next));
    truth = next;
  }
});

type Random = (limit: number) => number;

function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function randomObject(random: Random, depth: number): JsonObject {
  const keys = ['a', 'b', 'toString', 'constructor', 'hasOwnProperty', '__proto__'].filter(
    () => random(2) === 0,
  );
  return Object.fromEntries(keys.map((key) => [key, randomValue(random, depth - 1)]));
}

function randomValue(random: Random, depth: number): JsonValue {
  const kind = random(depth > 0 ? 6 : 3);
  if (kind < 2) return random(3);
  if (kind === 2) return null;
  if (kind === 3) return Array.from({ length: random(3) }, () => randomValue(random, depth - 1));
  return randomObject(random, depth);
}
