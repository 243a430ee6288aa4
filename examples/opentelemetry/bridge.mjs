import { subscribe } from 'node:diagnostics_channel';

/** What is traced, by the operation's name; and the bounds that the conventions ask for, in seconds. */
const operations = { 'query-once': 'query', 'first-answer': 'subscribe', transact: 'transact' };
const seconds = {
  unit: 's',
  advice: { explicitBucketBoundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] },
};

/** Records what every database of this process does, by OpenTelemetry's conventions for database clients. */
export function recordMetrics(meter) {
  const duration = meter.createHistogram('db.client.operation.duration', seconds);
  const createTime = meter.createHistogram('db.client.connection.create_time', seconds);
  const count = meter.createUpDownCounter('db.client.connection.count', { unit: '{connection}' });
  const over = (name, take) => subscribe(`tracing:instant:${name}:asyncEnd`, take);
  for (const [name, operation] of Object.entries(operations)) {
    over(name, (told) => {
      if (!told.isLeft) duration.record(told.durationMs / 1000, attributesOf(told, operation));
    });
  }
  over('connect', (told) => createTime.record(told.durationMs / 1000, { ...poolOf(told), ...errorOf(told) }));
  subscribe('instant:connection', (told) => {
    if (told.to === 'open') count.add(1, { ...poolOf(told), 'db.client.connection.state': 'used' });
    if (told.from === 'open') count.add(-1, { ...poolOf(told), 'db.client.connection.state': 'used' });
  });
}

const poolOf = ({ host, appId }) => ({ 'db.client.connection.pool.name': `${host}/${appId}` });
const errorOf = ({ error }) => (error ? { 'error.type': error.code } : {});
const attributesOf = (told, operation) => {
  const { address, port } = /^(?<address>.*?)(:(?<port>\d+))?$/.exec(told.host).groups;
  return {
    'db.system.name': 'instantdb',
    'db.namespace': told.appId,
    'db.operation.name': operation,
    ...(told.namespaces.length === 1 && { 'db.collection.name': told.namespaces[0] }),
    'server.address': address,
    ...(port && { 'server.port': Number(port) }),
    ...errorOf(told),
  };
};
