import { i, id, lookup } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { isSameJson, watchShared } from '../support/exotic-values.ts';
import { switchedNetwork } from '../support/network.ts';
import { addressOf, follow, open, serve, serveApp } from '../support/open.ts';
import { askPlain, chunk, followPlain, named, openPlain } from '../support/plain-app.ts';
import { goal } from '../support/schema.ts';
import { temporaryFolder } from '../support/sqlite.ts';
import { takeUncaught } from '../support/unhandled.ts';

const pollutionOf = watchShared();

const TEXTS = [
  '{"hasOwnProperty":1}',
  '{"__proto__":{"polluted":1}}',
  '{"toString":1,"valueOf":1,"toJSON":1,"then":1}',
  '{"a":[{"constructor":{"prototype":{"polluted":1}}}]}',
];

describe('a value that a peer has written', () => {
  test.each(TEXTS)('%s arrives as it is; the reader can write and hears everything else', async (text) => {
    const uncaught = takeUncaught();
    const address = await serveApp();
    const [peer, reader] = [open(address), open(address)];
    const run = id();
    await peer.transact(goal(run).create({ title: 'first', details: JSON.parse(text) }));
    const goals = follow(reader, { goals: {} });
    const titles = follow(reader, { goals: { $: { fields: ['title'] } } });
    await goals.next(({ data }) => data?.goals.length === 1);
    for (const title of ['of the reader', 'of the peer']) {
      await (title === 'of the peer' ? peer : reader).transact(goal(run).update({ title }));
      const { data } = await goals.next(({ data }) => data?.goals[0]?.title === title);
      expect(isSameJson(data?.goals[0]?.details, JSON.parse(text))).toBe(true);
      await titles.next(({ data }) => data?.goals[0]?.title === title);
    }
    expect(uncaught.all).toEqual([]);
    expect(pollutionOf()).toEqual([]);
  });

  test.each(TEXTS)('%s is merged as the server merges it, before it has answered and after', async (text) => {
    const uncaught = takeUncaught();
    const address = await serveApp();
    const network = switchedNetwork(true);
    const db = open(address, { network });
    const run = id();
    await db.transact(goal(run).create({ title: 'Run', details: { kept: 1 } }));
    const goals = follow(db, { goals: {} });
    await goals.next(({ data }) => data?.goals.length === 1);
    network.switch(false);
    await db.transact(goal(run).merge({ title: 'merged', details: JSON.parse(text) }));
    const expected = JSON.parse(`{"kept":1,${text.slice(1)}`);
    const local = await goals.next(({ data }) => data?.goals[0]?.title === 'merged');
    expect(isSameJson(local.data?.goals[0]?.details, expected)).toBe(true);
    network.switch(true);
    await db.ready();
    const { data } = await open(address).queryOnce({ goals: {} });
    expect(isSameJson(data.goals[0]?.details, expected)).toBe(true);
    expect(uncaught.all).toEqual([]);
  });

  test.each(TEXTS)('%s is there again when the database is opened anew, offline', async (text) => {
    const backend = await serve();
    const address = addressOf(backend, backend.createApp());
    const storage = { storage: 'filesystem', storagePath: temporaryFolder(), instanceKey: 'one' };
    const first = openPlain(address, storage);
    const row = id();
    // What is stored is what the server has said: it has the row by the time that it is asked.
    await first.ready();
    await first.transact(chunk('rows', row).update({ value: JSON.parse(text) }));
    await followPlain(first, { rows: {} }).next(({ data }) => data?.rows?.length === 1);
    await first.close();
    const network = switchedNetwork(false);
    const again = openPlain(address, { ...storage, network });
    await again.transact(chunk('rows', row).update({ kept: JSON.parse(text) }));
    const { data } = await followPlain(again, { rows: {} }).next(
      ({ data }) => data?.rows?.[0]?.kept !== undefined,
    );
    for (const label of ['value', 'kept'])
      expect(isSameJson(data?.rows?.[0]?.[label], JSON.parse(text))).toBe(true);
    await again.close({ timeoutMs: 0 });
    const online = openPlain(address, storage);
    await online.ready();
    const found = await followPlain(online, { rows: {} }).next(
      ({ data }) => data?.rows?.[0]?.kept !== undefined,
    );
    expect(isSameJson(found.data?.rows?.[0]?.kept, JSON.parse(text))).toBe(true);
  });
});

describe('names', () => {
  const refused = expect.objectContaining({ message: expect.stringContaining('"__proto__"') });

  test('what cannot be a property is refused where it is written', async () => {
    const db = openPlain(await serveApp());
    const [row, other] = [id(), id()];
    const own = named('__proto__', { a: 1 });
    for (const change of [
      chunk('__proto__', row).update({ a: 1 }),
      chunk('rows', row).update(own),
      chunk('rows', row).create(own as never),
      chunk('rows', row).merge(own),
      chunk('rows', row).link(own as never),
      chunk('rows', row).unlink(own as never),
      chunk('rows', row).link({ others: lookup('__proto__', 1) }),
      chunk('rows', other).update({ a: 1 }).update(own),
    ]) {
      await expect(db.transact(change)).rejects.toEqual(refused);
    }
    expect(db.pendingTransactions()).toEqual([]);
    await db.transact(chunk('rows', row).update({ value: own }));
    expect(isSameJson((await askPlain(db, { rows: {} })).data?.rows, [{ id: row, value: own }])).toBe(true);
  });

  test('what cannot be a property is refused where it is asked for', async () => {
    const db = openPlain(await serveApp());
    for (const query of [
      named('__proto__', {}),
      { rows: named('__proto__', {}) },
      { rows: { $: { where: named('__proto__', 1) } } },
      { rows: { $: { where: named('a.__proto__', 1) } } },
      { rows: { $: { where: { or: [{ and: [named('__proto__', 1)] }] } } } },
      { rows: { $: { order: named('__proto__', 'asc') } } },
      { rows: { $: { fields: ['__proto__'] } } },
    ]) {
      expect(() => db.queryOnce(query as never)).toThrow(refused);
      expect(() => db.subscribeQuery(query as never, () => {})).toThrow(refused);
      expect(() => db.watch(query as never)).toThrow(refused);
    }
  });

  test.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    '%s is a name like any other, with a schema and without',
    async (name) => {
      // Links between others: core's `i.schema` itself writes into `Object` for a link of such a namespace.
      const schema = i.schema({
        entities: Object.fromEntries(
          [name, 'others', 'things'].map((etype) => [
            etype,
            i.entity(named(name, i.string().optional()) as never),
          ]),
        ),
        links: {
          toThings: {
            forward: { on: 'others', has: 'one', label: 'prototype' },
            reverse: { on: 'things', has: 'many', label: 'isPrototypeOf' },
          },
        },
      });
      const backend = await serve();
      const address = addressOf(backend, backend.createApp({ schema: schema as never }));
      const [row, other, thing] = [id(), id(), id()];
      for (const db of [openPlain(address, { schema }), openPlain(address)]) {
        await db.transact([
          chunk('things', thing).update(named(name, 'a thing')),
          chunk(name, row).update(named(name, 'there')),
          chunk('others', other).update(named(name, 'linked')).link({ prototype: thing }),
        ]);
        const { data } = await askPlain(db, { ...named(name, {}), things: { isPrototypeOf: {} } });
        expect(data?.[name]).toEqual([{ id: row, [name]: 'there' }]);
        expect(data?.things).toMatchObject([{ id: thing, isPrototypeOf: [{ id: other, [name]: 'linked' }] }]);
        const paged = await askPlain(db, { ...named(name, {}), others: { $: { first: 1 } } });
        expect(paged.data?.[name]).toHaveLength(1);
      }
      const db = openPlain(address, { schema });
      expect(() => db.queryOnce({ isPrototypeOf: {} } as never)).toThrow('does not exist in schema');
      expect(() => db.queryOnce({ others: { propertyIsEnumerable: {} } } as never)).toThrow('does not exist');
      await expect(db.transact(chunk('others', id()).update({ propertyIsEnumerable: 1 }))).rejects.toThrow(
        'does not exist in your schema',
      );
      expect(pollutionOf()).toEqual([]);
    },
  );

  test('a text that is the name of a method stays a text in a write that was made before the attributes were known', async () => {
    const address = await serveApp();
    const network = switchedNetwork(false);
    const [early, peer] = [openPlain(address, { network }), openPlain(address)];
    await peer.ready();
    await peer.transact(chunk('rows', id()).update({ a: 'x', b: 1 }));
    const row = id();
    const values = { a: 'constructor', b: JSON.parse('{"toString":1,"__proto__":["toString",1]}') };
    await early.transact(chunk('rows', row).update(values));
    network.switch(true);
    await early.ready();
    const { data } = await followPlain(peer, { rows: {} }).next(({ data }) => data?.rows?.length === 2);
    const found = data?.rows?.find((one) => one.id === row);
    expect(isSameJson(found, { id: row, ...values })).toBe(true);
  });
});

test('a condition on an attribute called toString or valueOf may be one of several', async () => {
  const named = i.schema({ entities: { rows: i.entity({ toString: i.any(), valueOf: i.any() } as never) } });
  const backend = await serve();
  const db = openPlain(addressOf(backend, backend.createApp({ schema: named })), { schema: named });
  const row = id();
  await db.transact(chunk('rows', row).update({ toString: 'a', valueOf: 1 }));
  const either: object[] = [{ valueOf: 1 }, { toString: 'b' }];
  const both: object[] = [{ toString: 'a', valueOf: 1 }, { or: either }];
  const query = { rows: { $: { where: { and: both } } } };
  expect((await askPlain(db, query)).data?.rows).toMatchObject([{ id: row }]);
  expect((await followPlain(db, query).next()).data?.rows).toMatchObject([{ id: row }]);
});
