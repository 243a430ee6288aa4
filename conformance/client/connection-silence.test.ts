import { type ConnectionInfo, type InstantNodeDatabase, id } from '@instantdb/node';
import { describe, expect, test } from 'vitest';
import { behindFaults, TRANSPORTS } from '../support/behind-faults.ts';
import { inbox } from '../support/inbox.ts';
import { follow } from '../support/open.ts';
import { connectionOf, QUICK } from '../support/quick-connection.ts';
import { goal, type Schema } from '../support/schema.ts';

/** Who else a database sees in the room. */
function lookAt(db: InstantNodeDatabase<Schema>, nickname: string) {
  const room = db.joinRoom('chat', 'lobby', { initialPresence: { nickname } });
  const seen = inbox<string>();
  room.subscribePresence({}, ({ isLoading, peers }) => {
    const others = Object.values(peers as Record<string, { nickname?: string }>);
    if (!isLoading) seen.push(others.map((other) => other.nickname).join());
  });
  return seen;
}

const isOpen = ({ state }: ConnectionInfo): boolean => state === 'open';
const isWaiting = ({ state }: ConnectionInfo): boolean => state === 'waiting';

describe.each(TRANSPORTS)('a server that falls silent, over %s', (kind) => {
  test('is found, and what was live is live again: queries, presence, streams', async () => {
    const { proxy, through, direct } = await behindFaults();
    const [db, other] = [through(kind), direct()];
    await db.ready();
    const goals = follow(db, { goals: {} });
    await goals.first();
    const [here, there] = [lookAt(db, 'here'), lookAt(other, 'there')];
    await Promise.all([here.next((peers) => peers === 'there'), there.next((peers) => peers === 'here')]);
    const writer = other.streams.createWriteStream({ clientId: 'story' }).getWriter();
    await writer.write('Once ');
    const reader = db.streams.createReadStream({ clientId: 'story' }).getReader();
    expect(await reader.read()).toEqual({ done: false, value: 'Once ' });

    const changes = connectionOf(db);
    proxy.vanish('server');
    await there.next((peers) => peers === '');
    await other.transact(goal(id()).create({ title: 'Run' }));
    await writer.write('upon ');

    const lost = await changes.next(isWaiting);
    expect(lost).toMatchObject({ cause: { code: 'connection-failed' }, lastClose: { code: 1006 } });
    expect(await changes.next(isOpen)).toMatchObject({ attempt: 0 });
    await goals.first(({ data }) => data?.goals.length === 1);
    expect(await reader.read()).toEqual({ done: false, value: 'upon ' });
    await there.next((peers) => peers === 'here');
    await here.next((peers) => peers === 'there');
  });

  test('does not keep what is begun meanwhile waiting', async () => {
    const { proxy, through, direct } = await behindFaults();
    const db = through(kind);
    await db.ready();
    await follow(db, { authors: {} }).first();
    proxy.vanish('server');
    const goals = follow(db, { goals: {} });
    const seen = lookAt(db, 'here');
    const write = db.transact(goal(id()).create({ title: 'Run' }));
    const once = db.queryOnce({ authors: {} });
    const writer = db.streams.createWriteStream({ clientId: 'story' }).getWriter();
    await writer.write('Once');
    await writer.close();
    expect(await once).toMatchObject({ data: { authors: [] } });
    expect(['synced', 'enqueued']).toContain((await write).status);
    await goals.first(({ data }) => data?.goals.length === 1);
    const other = direct();
    lookAt(other, 'there');
    await seen.first((peers) => peers === 'there');
    const { data } = await other.queryOnce({ goals: {}, $streams: {} } as never);
    expect(data).toMatchObject({ goals: [{ title: 'Run' }], $streams: [{ clientId: 'story', done: true }] });
  });

  test('is found when packets stop both ways, for new connections too, until they go again', async () => {
    const { proxy, through, direct } = await behindFaults();
    const db = through(kind);
    await db.ready();
    const goals = follow(db, { goals: {} });
    await goals.first();
    const changes = connectionOf(db);
    proxy.partition();
    await direct().transact(goal(id()).create({ title: 'Run' }));
    await changes.next(isWaiting);
    // Its tries come to nothing: each is given up.
    expect(await changes.next((info) => isWaiting(info) && info.attempt >= 2)).toMatchObject({
      retryAt: expect.any(Date),
    });
    expect(db.stats().status).not.toBe('authenticated');
    proxy.heal();
    await goals.first(({ data }) => data?.goals.length === 1);
    expect(db.connection).toMatchObject({ state: 'open', attempt: 0, transport: kind });
  });

  test.each(['up', 'down'] as const)('is found when packets stop one way, %s', async (direction) => {
    const { proxy, through } = await behindFaults();
    const db = through(kind);
    await db.ready();
    const changes = connectionOf(db);
    proxy.partition(direction);
    await changes.next(isWaiting);
    proxy.heal();
    await changes.next(isOpen);
  });

  test('is found by a queryOnce() that times out', async () => {
    const { proxy, through } = await behindFaults();
    const db = through(kind, { connection: { ...QUICK, silenceMs: 3_600_000 } });
    await db.ready();
    const changes = connectionOf(db);
    proxy.partition();
    await expect(db.queryOnce({ goals: {} }, { timeoutMs: 20 })).rejects.toThrow(/timed out/);
    await changes.next(isWaiting);
    proxy.heal();
    await changes.next(isOpen);
    expect(await db.queryOnce({ goals: {} })).toMatchObject({ data: { goals: [] } });
  });

  test('is not taken for one that has nothing to say', async () => {
    const { through } = await behindFaults();
    const db = through(kind, { connection: { ...QUICK, probeTimeoutMs: 10_000 } });
    await db.ready();
    const before = db.stats().connections;
    // Each probe is answered, and the next one follows.
    const heardAt = new Set<number | undefined>();
    await expect
      .poll(() => heardAt.add(db.connection.lastMessageAt?.getTime()).size, { interval: 20 })
      .toBeGreaterThan(3);
    expect(db.connection.roundTripMs).toBeGreaterThanOrEqual(0);
    expect(db.connection.state).toBe('open');
    expect(db.stats().connections).toBe(before);
  });
});
