import dc from 'node:diagnostics_channel';
import { id } from '@instantdb/node';
import { expect, test } from 'vitest';
import { open, serveApp } from '../support/open.ts';
import { goal } from '../support/schema.ts';

test('smoke', async () => {
  const names = [
    'instant:connection',
    'instant:query',
    'instant:transaction',
    'instant:storage',
    ...['connect', 'query-once', 'first-answer', 'transact', 'storage-write'].flatMap((n) =>
      ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((e) => `tracing:instant:${n}:${e}`),
    ),
  ];
  const seen: unknown[] = [];
  for (const name of names) dc.subscribe(name, (m, n) => seen.push([n, { ...(m as object) }]));
  const db = open(await serveApp());
  db.subscribeQuery({ goals: { $: { where: { title: 'secret' } } } }, () => {});
  await db.ready();
  await db.transact(goal(id()).create({ title: 'one' }));
  await db.queryOnce({ goals: {} });
  await Promise.resolve()
    .then(() => db.queryOnce({ gls: {} } as never))
    .catch(() => {});
  await Promise.resolve()
    .then(() => db.transact((goal(id()) as never as { create(x: unknown): never }).create({ nope: 1 })))
    .catch(() => {});
  await db.close();
  (await import('node:fs')).writeFileSync('/tmp/ch/seen.txt', seen.map((s) => JSON.stringify(s)).join('\n'));
  expect(seen.length).toBeGreaterThan(0);
});
