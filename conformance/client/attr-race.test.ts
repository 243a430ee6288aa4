import { join } from 'node:path';
import {
  id,
  lookup,
  type NodeConfig,
  type TransactionError,
  TransactionValidationError,
} from '@instantdb/node';
import type { BackendApp } from '@instantdb/node/backend';
import { describe, expect, test } from 'vitest';
import { attrServer, type SentAttr } from '../support/attr-server.ts';
import { classStore } from '../support/class-store.ts';
import { inbox } from '../support/inbox.ts';
import { openLoose, row } from '../support/loose.ts';
import { switchedNetwork } from '../support/network.ts';
import { addressOf, eventIdOf, freshKey, open, serve } from '../support/open.ts';
import { describeWithRedis, startRedis } from '../support/redis.ts';
import { goal } from '../support/schema.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';

/** An app that nobody has written to, and where it is served. */
async function emptyApp() {
  const backend = await serve();
  const app = backend.createApp();
  return { app, address: addressOf(backend, app) };
}

/** The attributes of `todos`, by label; a label that is there twice fails. */
function labelsOf(app: BackendApp, etype = 'todos'): Map<string, string> {
  const labels = new Map<string, string>();
  for (const {
    id: attrId,
    'forward-identity': [, of, label],
  } of app.snapshot().attrs) {
    if (of !== etype) continue;
    expect(labels.has(label)).toBe(false);
    labels.set(label, attrId);
  }
  return labels;
}

/** The values of one label, sorted. */
function valuesOf(app: BackendApp, label: string): unknown[] {
  const attrId = labelsOf(app).get(label);
  const { triples } = app.snapshot();
  return triples
    .filter(([, attr]) => attr === attrId)
    .map(([, , value]) => value)
    .sort();
}

const attrOf = (etype: string, label: string, more: object = {}): SentAttr => ({
  id: id(),
  'forward-identity': [id(), etype, label],
  'value-type': 'blob',
  cardinality: 'one',
  'unique?': label === 'id',
  'index?': false,
  ...more,
});

/** The ids of attributes that the steps of a write name. */
const namedIn = (steps: readonly (readonly unknown[])[]): unknown[] =>
  steps.flatMap(([op, , attrId]) => (op === 'add-triple' ? [attrId] : []));

const addedIn = (steps: readonly (readonly unknown[])[]): unknown[] =>
  steps.filter(([op]) => op === 'add-attr');

describe('databases that start at once on an empty app', () => {
  test('make one attribute a label, and lose no write', async () => {
    const { app, address } = await emptyApp();
    const dbs = Array.from({ length: 20 }, () => openLoose(address));
    const writes = dbs.flatMap((db, index) => [
      db.transact(row('todos', id()).update({ title: `first of ${index}`, [`own${index % 5}`]: index })),
      db.transact(row('todos', id()).update({ title: `second of ${index}`, done: false })),
    ]);
    const results = await Promise.all(writes);
    await Promise.all(dbs.map((db) => db.close()));
    expect(results).toHaveLength(40);
    expect([...labelsOf(app).keys()].sort()).toEqual(
      ['done', 'id', 'own0', 'own1', 'own2', 'own3', 'own4', 'title'].sort(),
    );
    expect(valuesOf(app, 'title')).toHaveLength(40);
    expect(valuesOf(app, 'done')).toHaveLength(20);
  });

  test('make one link, from whichever end', async () => {
    const { app, address } = await emptyApp();
    const dbs = Array.from({ length: 10 }, () => openLoose(address));
    const pairs = dbs.map(() => [id(), id()] as const);
    const writes = dbs.map((db, index) => {
      const [todo, owner] = pairs[index] as readonly [string, string];
      const rows = [row('todos', todo).update({}), row('owners', owner).update({})];
      const link =
        index % 2 ? row('todos', todo).link({ owners: owner }) : row('owners', owner).link({ todos: todo });
      return db.transact([...rows, link] as never);
    });
    await Promise.all(writes);
    await Promise.all(dbs.map((db) => db.close()));
    const links = app
      .snapshot()
      .attrs.filter((attr) => attr['value-type'] === 'ref' && attr.catalog === 'user');
    expect(links).toHaveLength(1);
    const isForward = links[0]?.['forward-identity'][1] === 'todos';
    const found = app.snapshot().triples.filter(([, attr]) => attr === links[0]?.id);
    const wanted = pairs.map(([todo, owner]) => (isForward ? [todo, owner] : [owner, todo]));
    expect(found.map(([from, , to]) => [from, to]).sort()).toEqual(wanted.sort());
  });
});

const storages: Record<string, () => Partial<NodeConfig>> = {
  class: () => ({ storage: classStore().Store }),
  filesystem: () => ({ storage: 'filesystem', storagePath: temporaryFolder() }),
  sqlite: () => ({ storage: 'sqlite', storagePath: join(temporaryFolder(), 'data.db') }),
};

/** One process leaves a write of an unknown namespace, and the next writes to that at once. */
async function keepsThenWrites(storage: Partial<NodeConfig>): Promise<void> {
  const { app, address } = await emptyApp();
  const options = { ...(storage as object), instanceKey: freshKey() };
  const network = switchedNetwork(false);
  const first = openLoose(address, { ...options, network });
  await network.listenedTo;
  await first.transact(row('todos', id()).update({ title: 'first' }));
  await first.close();
  const second = openLoose(address, options);
  const errors = inbox<TransactionError>();
  second.subscribeTransactionErrors(errors.push);
  await second.transact(row('todos', id()).update({ title: 'second', done: true }));
  await second.close();
  expect(errors.all).toEqual([]);
  expect(valuesOf(app, 'title')).toEqual(['first', 'second']);
  expect(valuesOf(app, 'done')).toEqual([true]);
}

describe('a write that a kept one comes before', () => {
  test.each(Object.entries(storages).filter(([name]) => name !== 'sqlite' || hasSqlite))(
    'uses the attributes of that: %s',
    (_, storage) => keepsThenWrites(storage()),
  );

  describeWithRedis('in Redis', () => {
    test('uses the attributes of that', async () => {
      await keepsThenWrites({ storage: 'redis', redis: { url: (await startRedis()).url } });
    });
  });

  test('is built on the attributes of that, although it was made before they were read', async () => {
    const { address } = await emptyApp();
    const store = classStore();
    const network = switchedNetwork(false);
    const first = openLoose(address, { storage: store.Store, network });
    await network.listenedTo;
    const slug = lookup('slug', 'a');
    await first.transact(row('todos', slug).update({ title: 'first' }));
    await first.close();
    const again = switchedNetwork(false);
    const second = openLoose(address, { storage: store.Store, network: again });
    // `slug` is unique in the kept write, and this one by itself would make it as it makes others.
    const values = { slug: 'b' };
    const write = second.transact(row('todos', id()).update(values));
    values.slug = 'changed after the call';
    await write;
    const [kept, made] = second.pendingTransactions();
    const madeSteps = made?.steps ?? [];
    // What the server has not told of is added by each write that names it, as core does it, under one id.
    const ids = new Set(
      [...addedIn(kept?.steps ?? []), ...addedIn(madeSteps)].map(
        (step) => (step as [string, SentAttr])[1].id,
      ),
    );
    expect(ids.size).toBe(3);
    expect(namedIn(kept?.steps ?? [])).toContain(namedIn(madeSteps)[0]);
    expect(JSON.stringify(madeSteps)).not.toContain('changed after');
  });

  test('is refused at the call when it is none, and by its promise when it cannot be made', async () => {
    const network = switchedNetwork(false);
    const db = open((await emptyApp()).address, { storage: classStore().Store, network });
    expect(() => db.transact(goal(id()).update({ title: 1 as never }))).toThrow(TransactionValidationError);
    const unmade = db.transact(goal(id()).update({ nothing: 1 } as never));
    await expect(unmade).rejects.toThrow('goals.nothing does not exist in your schema');
    expect(db.pendingTransactions()).toEqual([]);
  });

  test('is refused when it cannot be made on top of that', async () => {
    const { address } = await emptyApp();
    const store = classStore();
    const network = switchedNetwork(false);
    const first = openLoose(address, { storage: store.Store, network });
    await network.listenedTo;
    const kept = await first.transact(row('todos', id()).update({ slug: 'a' }));
    await first.close();
    const second = openLoose(address, { storage: store.Store, network: switchedNetwork(false) });
    // By itself it would make a unique `slug`.
    const write = second.transact(row('todos', lookup('slug', 'a')).update({ done: true }));
    await expect(write).rejects.toThrow('slug is not a unique attribute');
    expect(second.pendingTransactions().map(({ eventId }) => eventId)).toEqual([eventIdOf(kept)]);
  });
});

describe('an attribute that another client has made meanwhile', () => {
  test.each([
    ['that names it', (etype: string, label: string) => ({ 'record-type': 'ident', etype, label })],
    ['that says no more than what it is', () => ({ 'record-type': 'ident' })],
  ])('is learnt and used after a refusal %s, with no live query open', async (_, hint) => {
    const theirs = [attrOf('todos', 'id'), attrOf('todos', 'title')];
    let isFirst = true;
    const server = await attrServer({
      hint,
      before(self) {
        if (isFirst) for (const attr of theirs) self.add(attr);
        isFirst = false;
      },
    });
    const db = openLoose(server.address);
    await db.ready();
    const writes = ['a', 'b', 'c'].map((title) => db.transact(row('todos', id()).update({ title })));
    const results = await Promise.all(writes);
    expect(results.map(({ status }) => status)).toEqual(['synced', 'synced', 'synced']);
    expect(server.refusals).toBe(1);
    expect(db.stats().connections).toBe(2);
    expect(server.taken.map((steps) => new Set(namedIn(steps)))).toEqual(
      [0, 1, 2].map(() => new Set(theirs.map((attr) => attr.id))),
    );
    expect(server.taken.flatMap(addedIn)).toEqual([]);
    expect(server.taken.map((steps) => steps.at(-1)?.[3])).toEqual(['a', 'b', 'c']);
  });

  test('is put in the place of ours in kept writes too, and in the storage', async () => {
    const theirs = [attrOf('todos', 'id'), attrOf('todos', 'title')];
    const server = await attrServer({
      before(self) {
        for (const attr of theirs) self.add(attr);
      },
    });
    const store = classStore();
    const network = switchedNetwork(false);
    const first = openLoose(server.address, { storage: store.Store, network });
    await network.listenedTo;
    const kept = await Promise.all(
      ['a', 'b'].map((title) => first.transact(row('todos', id()).update({ title }))),
    );
    await first.close();
    const second = openLoose(server.address, { storage: store.Store });
    const write = await second.transact(row('todos', id()).update({ title: 'c' }));
    await expect.poll(() => second.pendingTransactions()).toEqual([]);
    expect(server.refusals).toBe(1);
    expect(server.taken.map((steps) => steps.at(-1)?.[3])).toEqual(['a', 'b', 'c']);
    for (const steps of server.taken) expect(addedIn(steps)).toEqual([]);
    await second.close();
    for (const result of [...kept, write]) expect(store.keysWith(eventIdOf(result))).toEqual([]);
  });

  test('is asked for once a refusal, and never in a loop', async () => {
    // It says that there is one, and never which.
    const server = await attrServer({ tells: false, before: (self) => self.add(attrOf('todos', 'title')) });
    const db = openLoose(server.address);
    await db.ready();
    await expect(db.transact(row('todos', id()).update({ title: 'a' }))).rejects.toMatchObject({
      type: 'record-not-unique',
      code: 'unique',
    });
    expect(server.refusals).toBe(2);
    expect(db.pendingTransactions()).toEqual([]);
  });

  test.each([
    [
      'type',
      { 'value-type': 'ref', 'reverse-identity': [id(), 'titles', 'todos'], cardinality: 'one' },
      /link/,
    ],
    ['cardinality', { cardinality: 'many' }, /cardinality many/],
    ['uniqueness', { 'unique?': true }, /unique/],
    ['checked type', { 'checked-data-type': 'number' }, undefined],
  ])('of another %s', async (_, more, named) => {
    let isFirst = true;
    const server = await attrServer({
      before(self) {
        if (isFirst) self.add(attrOf('todos', 'title', more));
        isFirst = false;
      },
    });
    const db = openLoose(server.address);
    await db.ready();
    const write = db.transact(row('todos', id()).update({ title: 'a' }));
    if (!named) {
      // Values are the server's to check: the write asked for none.
      expect(await write).toMatchObject({ status: 'synced' });
      return;
    }
    const refused = await write.catch((error: Error) => error as Error & { type: string; hint: unknown });
    expect(refused).toMatchObject({ type: 'record-not-unique' });
    expect((refused as Error).message).toMatch(named);
    expect((refused as Error).message).toMatch(/todos\.title.*value.*cardinality one/s);
    expect(db.pendingTransactions()).toEqual([]);
  });

  test('a value that has to be unique is refused as ever', async () => {
    const { address } = await emptyApp();
    const db = openLoose(address);
    await db.ready();
    await db.transact(row('todos', lookup('slug', 'a')).update({ title: 'one' }));
    const again = db.transact(row('todos', id()).update({ slug: 'a', fresh: 1 }));
    await expect(again).rejects.toMatchObject({ type: 'record-not-unique', code: 'unique' });
    expect(db.stats().connections).toBe(1);
  });
});
