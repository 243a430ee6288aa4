import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Attr, CheckedDataType } from '../../protocol/attr.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { type AppData, createAppData } from './app-data.ts';
import { PlaceList } from './place-list.ts';
import type { OrderSpec } from './reader.ts';
import { comparePlaces } from './value-order.ts';

const ID = 'id-attr';
const VALUE = 'value-attr';

function attr(id: string, label: string, type?: CheckedDataType): Attr {
  return {
    id,
    'value-type': 'blob',
    cardinality: 'one',
    'forward-identity': [`${id}-ident`, 'a', label],
    'unique?': false,
    'index?': type !== undefined,
    catalog: 'user',
    ...(type && { 'checked-data-type': type }),
  };
}

const SPECS: OrderSpec[] = [
  { kind: 'created', idAttr: ID },
  { kind: 'namespace', idAttr: ID, attr: VALUE, type: 'string' },
  { kind: 'value', attr: VALUE, type: 'string' },
];

function open(): AppData {
  const data = createAppData();
  data.catalog.put(attr(ID, 'id'));
  data.catalog.put(attr(VALUE, 'value', 'string'));
  return data;
}

const write = fc.record({
  e: fc.constantFrom('e1', 'e2', 'e3', 'e4', 'e5'),
  a: fc.constantFrom(ID, VALUE),
  v: fc.constantFrom<JsonValue>('a', 'B', 'b', 'ä', null),
  t: fc.nat({ max: 3 }),
  remove: fc.boolean(),
});

function read(data: AppData, spec: OrderSpec): unknown[] {
  const order = data.triples.order(spec);
  return order.slice(0, order.size);
}

describe('orders of entities', () => {
  const seed = Number(process.env.FAST_CHECK_SEED ?? Math.floor(Math.random() * 2 ** 31));

  test(`are kept as if they were made anew (FAST_CHECK_SEED=${seed})`, () => {
    fc.assert(
      fc.property(fc.array(write, { maxLength: 30 }), fc.boolean(), (writes, fails) => {
        const kept = open();
        for (const spec of SPECS) read(kept, spec);
        const work = (): void => {
          for (const { e, a, v, t, remove } of writes) {
            const definition = kept.catalog.byId(a) as Attr;
            if (!remove) kept.triples.add(definition, e, a === ID ? e : v, t);
            else for (const triple of kept.triples.entityAttr(e, a)) kept.triples.remove(triple);
          }
          if (fails) throw new Error('taken back');
        };
        if (fails) expect(() => kept.undoLog.transaction(work)).toThrow('taken back');
        else kept.undoLog.transaction(work);
        const fresh = open();
        for (const a of [ID, VALUE]) for (const triple of kept.triples.attr(a)) fresh.triples.load(triple);
        for (const spec of SPECS) expect(read(kept, spec)).toEqual(read(fresh, spec));
      }),
      { seed, numRuns: 300 },
    );
  });

  test('are made anew after the definition of their attribute changed', () => {
    const data = open();
    const value = data.catalog.byId(VALUE) as Attr;
    data.triples.add(value, 'e1', '2024-01-02', 1);
    data.triples.add(value, 'e2', '1/1/2024', 1);
    expect(read(data, { kind: 'value', attr: VALUE, type: 'string' })).toMatchObject([
      { e: 'e2' },
      { e: 'e1' },
    ]);
    data.triples.reindex(value);
    data.triples.add(value, 'e3', '2023', 1);
    expect(read(data, { kind: 'value', attr: VALUE, type: 'string' })).toHaveLength(3);
    expect(read(data, { kind: 'value', attr: VALUE, type: 'date' })).toMatchObject([
      { e: 'e3' },
      { e: 'e2' },
      { e: 'e1' },
    ]);
  });
});

describe('PlaceList', () => {
  test('finds and cuts across its chunks as a sorted array does', () => {
    const places = Array.from({ length: 5_000 }, (_, i) => ({ key: (i * 7_919) % 1_000, e: `e${i}` }));
    const list = new PlaceList(places.slice(0, 1_000));
    for (const place of places.slice(1_000)) list.insert(place);
    for (const place of places.slice(0, 2_500)) list.delete(place);
    list.delete({ key: 1, e: 'nobody' });
    const sorted = places.slice(2_500).sort(comparePlaces);
    expect(list.size).toBe(sorted.length);
    expect(list.slice(0, list.size)).toEqual(sorted);
    expect(list.slice(700, 1_300)).toEqual(sorted.slice(700, 1_300));
    for (const [index, place] of sorted.entries()) {
      if (list.rank(place) !== index || list.rank(place, true) !== index + 1)
        throw new Error(`Wrong rank at ${index}`);
    }
    for (const place of sorted) list.delete(place);
    expect([list.size, list.rank({ key: 5, e: '' }), list.slice(0, 9)]).toEqual([0, 0, []]);
  });
});
