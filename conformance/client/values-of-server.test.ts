import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { watchShared } from '../support/exotic-values.ts';
import { fakeInstant } from '../support/fake-instant.ts';
import { frameWorld } from '../support/frame-world.ts';
import { inbox } from '../support/inbox.ts';
import { askPlain, followPlain, openPlain } from '../support/plain-app.ts';
import { temporaryFolder } from '../support/sqlite.ts';

const pollutionOf = watchShared();

test('a query that cannot be evaluated tells its own subscribers so, once; it recovers, and others never notice', async () => {
  const { db, send, refresh, computation, follow, heard, errors, uncaught } = await frameWorld();
  const query = { rows: { $: { where: { value: { $gt: 1 } } } } };
  const rows = follow(query);
  await rows.next();
  const row = randomUUID();
  const sendRow = async (value: unknown): Promise<void> => {
    send(refresh([{ ...computation('rows', [{ id: row, value }]), 'instaql-query': query }]));
    await heard();
  };
  await sendRow(2);
  expect((await rows.next(({ data }) => data?.rows?.length === 1)).data?.rows).toEqual([
    { id: row, value: 2 },
  ]);
  const before = rows.all.length;
  await sendRow({ toString: 1, valueOf: 1 });
  await sendRow({ toString: 2, valueOf: 2 });
  expect(rows.all.slice(before)).toMatchObject([{ error: { message: 'Cannot answer the query of "rows"' } }]);
  expect(errors.all).toMatchObject([{ code: 'query-failed' }]);
  const late = follow(query);
  expect(late.all).toMatchObject([{ error: { message: 'Cannot answer the query of "rows"' } }]);
  await sendRow(2);
  for (const answers of [rows, late]) {
    const { data } = await answers.next(({ data }) => data?.rows?.length === 1);
    expect(data?.rows).toEqual([{ id: row, value: 2 }]);
  }
  expect(rows.all.length).toBe(before + 2);
  expect(db.stats().status).toBe('authenticated');
  expect(uncaught.all).toEqual([]);
});

test('an attribute or a namespace that cannot be is skipped with one report, and all else that came is heard', async () => {
  const { send, refresh, attrsOf, heard, errors, follow, computation } = await frameWorld();
  const rows = follow({ rows: {} });
  await rows.next();
  const good = computation('rows', [{ id: randomUUID(), title: 'good' }]);
  const attrs = attrsOf('', []);
  const bad = [
    ['rows', '__proto__'],
    ['__proto__', 'title'],
  ].map((names) => ({ ...attrs[0], id: randomUUID(), 'forward-identity': [randomUUID(), ...names] }));
  send(refresh([good], { attrs: [...bad, ...attrs] }));
  await heard();
  await rows.next(({ data }) => data?.rows?.[0]?.title === 'good');
  expect(errors.all.map(({ message }) => message)).toEqual([
    'Ignored what the server sent: in "refresh-ok", 2 of "attrs" cannot be used',
  ]);
});

test('an answer that nests 50,000 levels deep is heard with all others, and keeps nothing else from being kept', async () => {
  const options = { storage: 'filesystem', storagePath: temporaryFolder(), instanceKey: 'deep' };
  const { server, db, send, refresh, computation, follow, heard, errors, uncaught } =
    await frameWorld(options);
  const rows = follow({ rows: {} });
  await rows.next();
  const frame = JSON.stringify(refresh([computation('rows', [{ id: randomUUID(), value: 'HERE' }])]));
  send(frame.replace('"HERE"', `${'[{"a":'.repeat(25_000)}1${'}]'.repeat(25_000)}`));
  await heard();
  await rows.next(({ data }) => data?.rows?.length === 1);
  const localId = await db.getLocalId('name');
  await db.close({ timeoutMs: 1_000 });
  expect(errors.all).toMatchObject([
    { code: 'storage', message: expect.stringContaining('nests more than 1000') },
  ]);
  const again = openPlain(server.address, options);
  expect(await again.getLocalId('name')).toBe(localId);
  expect(uncaught.all).toEqual([]);
});

test('a sync table has fields of any name, and changes write into nothing that objects share', async () => {
  const { db, server, send, attrsOf, errors, uncaught } = await frameWorld();
  const names = ['id', 'constructor', 'toString', 'hasOwnProperty'];
  const attrs = attrsOf('rows', names);
  const idOf = (label: string): unknown =>
    attrs.find(({ 'forward-identity': ident }) => String(ident).endsWith(`,rows,${label}`))?.id;
  send({ op: 'init-ok', 'session-id': 's', attrs, 'app-status': { status: 'active' } });
  const events = inbox<{ type: string; data: { rows: unknown[] }; updated?: unknown[] }>();
  db._syncTableExperimental({ rows: {} } as never, events.push as never);
  const [peer] = server.peers.all;
  const start = await peer?.messages.first(({ op }) => op === 'start-sync');
  const subscription = { 'subscription-id': 'constructor' };
  const row = randomUUID();
  const triplesOf = (value: string): unknown[] =>
    names.map((label) => [row, idOf(label), label === 'id' ? row : `${label} ${value}`, 1]);
  send({ op: 'start-sync-ok', q: start?.q, token: 't', ...subscription });
  send({ op: 'sync-load-batch', 'join-rows': [triplesOf('first'), [['no', 'row']]], ...subscription });
  send({ op: 'sync-init-finish', 'tx-id': 1, ...subscription });
  const changes = [
    ...triplesOf('first')
      .slice(1)
      .map((triple) => ({ action: 'removed', triple })),
    ...triplesOf('next')
      .slice(1)
      .map((triple) => ({ action: 'added', triple })),
  ];
  send({ op: 'sync-update-triples', txes: [{ 'tx-id': 2, changes }], ...subscription });
  const { data, updated } = await events.next(({ type }) => type === 'SyncTransaction');
  const next = {
    id: row,
    constructor: 'constructor next',
    toString: 'toString next',
    hasOwnProperty: 'hasOwnProperty next',
  };
  expect(data.rows).toEqual([next]);
  expect(updated).toMatchObject([
    { changedFields: { toString: { oldValue: 'toString first', newValue: 'toString next' } } },
  ]);
  expect(pollutionOf()).toEqual([]);
  expect(errors.all.map(({ code }) => code)).toEqual(['protocol']);
  expect(uncaught.all).toEqual([]);
});

test('whoever asks for a query whose only answer could not be taken is told so, however late', async () => {
  const failed = { message: 'Cannot answer the query of "rows"' };
  const asked = new Set<string>();
  const server = await fakeInstant({
    answer(message, _peer, good) {
      if (message.op !== 'add-query' || !good) return good;
      const text = JSON.stringify(message.q);
      if (asked.has(text)) return { op: 'add-query-exists', q: message.q };
      asked.add(text);
      return { ...good, result: [{ data: 'no answer' }] };
    },
  });
  const db = openPlain(server.address);
  db.subscribeErrors(() => {});
  await db.ready();
  const first = followPlain(db, { rows: {} });
  expect((await first.next()).error).toMatchObject(failed);
  await expect(askPlain(db, { rows: {} })).rejects.toMatchObject(failed);
  expect((await followPlain(db, { rows: {} }).next()).error).toMatchObject(failed);
});
