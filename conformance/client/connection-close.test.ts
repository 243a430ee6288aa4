import { id } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { behindFaults, TRANSPORTS } from '../support/behind-faults.ts';
import { dropSessions } from '../support/fault-proxy/rule.ts';
import type { FaultProxy } from '../support/fault-proxy/start-fault-proxy.ts';
import { goal } from '../support/schema.ts';
import { takeUncaught } from '../support/unhandled.ts';

/** What can be wrong when a database is closed, and when that is. */
const FAULTS: [string, 'before' | 'after', (proxy: FaultProxy) => void][] = [
  ['nobody listens', 'before', (proxy) => void proxy.refuse()],
  ['a server takes connections and says nothing', 'before', (proxy) => (proxy.door = 'silent')],
  ['a server does not answer the request for a session', 'before', (proxy) => (proxy.door = 'mute')],
  ['each connection is reset', 'before', (proxy) => (proxy.door = 'reset')],
  ['each session is dropped', 'before', (proxy) => (proxy.rule = dropSessions)],
  ['the server has vanished', 'after', (proxy) => proxy.vanish('server')],
  ['packets stop both ways', 'after', (proxy) => proxy.partition()],
  ['packets stop on the way up', 'after', (proxy) => proxy.partition('up')],
  ['packets stop on the way down', 'after', (proxy) => proxy.partition('down')],
  ['the link is very slow', 'after', (proxy) => proxy.set('both', { bytesPerSecond: 100 })],
  ['every byte comes alone', 'after', (proxy) => proxy.set('both', { chunkBytes: 1 })],
  ['everything comes late', 'after', (proxy) => proxy.set('both', { latencyMs: 60_000 })],
  ['the connection was just reset', 'after', (proxy) => proxy.reset()],
];

describe.each(TRANSPORTS)('close() ends, over %s, while', (kind) => {
  test.each(FAULTS)('%s', async (_, when, happen) => {
    const uncaught = takeUncaught();
    const { proxy, through } = await behindFaults();
    if (when === 'before') happen(proxy);
    const db = through(kind);
    db.subscribeTransactionErrors(() => {});
    if (when === 'after') {
      await db.ready();
      happen(proxy);
    }
    const answers: unknown[] = [];
    db.subscribeQuery({ goals: {} }, (answer) => answers.push(answer));
    db.joinRoom('chat', 'lobby', { initialPresence: { nickname: 'here' } });
    const asked = db.queryOnce({ goals: {} }).then(
      () => 'answered',
      ({ code }) => code,
    );
    const written = db.transact(goal(id()).create({ title: 'Run' })).then(
      ({ status }) => status,
      ({ code }) => code,
    );
    await db.close({ timeoutMs: 20 });
    // Each promise has come to its end with it.
    expect(['answered', 'closed']).toContain(await asked);
    expect(['synced', 'enqueued', 'closed']).toContain(await written);
    expect(db.connection.state).toBe('closed');
    const heard = answers.length;
    proxy.heal();
    await proxy.close();
    expect(answers).toHaveLength(heard);
    expect(uncaught.all).toEqual([]);
  });
});
