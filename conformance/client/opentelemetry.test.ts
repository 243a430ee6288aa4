import { channel } from 'node:diagnostics_channel';
import { id } from '@instantdb/node';
import { expect, test } from 'vitest';
import { recordMetrics } from '../../examples/opentelemetry/bridge.mjs';
import { open, serveApp } from '../support/open.ts';
import { goal } from '../support/schema.ts';

interface Point {
  metric: string;
  value: number;
  attributes: Record<string, unknown>;
}

/** A meter in the shape of `@opentelemetry/api`'s, which writes down what it is given. */
function writingMeter(): { meter: object; points: Point[]; made: [string, object][] } {
  const points: Point[] = [];
  const made: [string, object][] = [];
  const instrument =
    (how: 'record' | 'add') =>
    (metric: string, options: object): object => {
      made.push([metric, options]);
      return {
        [how]: (value: number, attributes: Record<string, unknown>) =>
          void points.push({ metric, value, attributes }),
      };
    };
  return {
    meter: { createHistogram: instrument('record'), createUpDownCounter: instrument('add') },
    points,
    made,
  };
}

const { meter, points, made } = writingMeter();
recordMetrics(meter);

test('the bridge of examples/opentelemetry records operations by the conventions', async () => {
  const address = await serveApp();
  const db = open(address);
  await db.ready();
  await db.transact(goal(id()).create({ title: 'one' }));
  await db.queryOnce({ goals: {}, authors: {} });
  await db.queryOnce({ goals: {} }, { signal: AbortSignal.abort() }).catch(() => {});
  await new Promise((resolve) => void db.subscribeQuery({ authors: {} }, resolve));
  const { port } = new URL(address.apiURI);
  const common = {
    'db.system.name': 'instantdb',
    'db.namespace': address.appId,
    'server.address': '127.0.0.1',
    'server.port': Number(port),
  };
  const ofApp = points.filter(({ attributes }) => attributes['db.namespace'] === address.appId);
  expect(ofApp.map(({ metric }) => metric)).toEqual(Array(4).fill('db.client.operation.duration'));
  expect(ofApp.map(({ attributes }) => attributes)).toEqual([
    { ...common, 'db.operation.name': 'transact', 'db.collection.name': 'goals' },
    { ...common, 'db.operation.name': 'query' },
    { ...common, 'db.operation.name': 'query', 'db.collection.name': 'goals', 'error.type': 'AbortError' },
    { ...common, 'db.operation.name': 'subscribe', 'db.collection.name': 'authors' },
  ]);
  for (const { value } of ofApp) expect(value).toBeGreaterThan(0);
});

test('the bridge counts sessions, and how long it took to get one', () => {
  const about = { appId: 'of-a-test', instanceKey: '', host: 'example.com' };
  const told = channel('instant:connection');
  told.publish({ ...about, event: 'state', from: 'authenticating', to: 'open', attempt: 1 });
  told.publish({ ...about, event: 'probe', roundTripMs: 5 });
  told.publish({ ...about, event: 'state', from: 'open', to: 'waiting', attempt: 1 });
  const connect = channel('tracing:instant:connect:asyncEnd');
  connect.publish({ ...about, attempt: 1, durationMs: 1500 });
  connect.publish({ ...about, attempt: 2, durationMs: 500, error: { name: 'Error', code: 'ECONNREFUSED' } });
  const pool = { 'db.client.connection.pool.name': 'example.com/of-a-test' };
  const used = { ...pool, 'db.client.connection.state': 'used' };
  expect(
    points.filter(({ attributes }) =>
      String(attributes['db.client.connection.pool.name']).endsWith('/of-a-test'),
    ),
  ).toEqual([
    { metric: 'db.client.connection.count', value: 1, attributes: used },
    { metric: 'db.client.connection.count', value: -1, attributes: used },
    { metric: 'db.client.connection.create_time', value: 1.5, attributes: pool },
    {
      metric: 'db.client.connection.create_time',
      value: 0.5,
      attributes: { ...pool, 'error.type': 'ECONNREFUSED' },
    },
  ]);
});

test('the bridge asks for the units and bounds of the conventions', () => {
  const seconds = {
    unit: 's',
    advice: { explicitBucketBoundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] },
  };
  expect(made).toEqual([
    ['db.client.operation.duration', seconds],
    ['db.client.connection.create_time', seconds],
    ['db.client.connection.count', { unit: '{connection}' }],
  ]);
});
