import { randomBytes } from 'node:crypto';
import { type ConnectionStatus, type InstantNodeDatabase, id } from '@instantdb/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Input } from '../programs/database.ts';
import { buildProgram } from '../support/child.ts';
import { fakeInstant, resultOf } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { switchedNetwork } from '../support/network.ts';
import { type Address, addressOf, eventIdOf, follow, freshKey, open, serve } from '../support/open.ts';
import { goal, type Schema, schema } from '../support/schema.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';
import { nastyKeys } from '../support/storage-contract.ts';

interface Place {
  storage: 'filesystem' | 'sqlite';
  storagePath: string;
  instanceKey: string;
  encryptionKey?: Uint8Array;
}

const encryptionKey = randomBytes(32);

/** Every storage that keeps what it is given here. */
const kinds: Record<string, Pick<Place, 'storage' | 'encryptionKey'>> = {
  filesystem: { storage: 'filesystem' },
  'filesystem, sealed': { storage: 'filesystem', encryptionKey },
  ...(hasSqlite && { sqlite: { storage: 'sqlite' }, 'sqlite, sealed': { storage: 'sqlite', encryptionKey } }),
};

async function openOffline(address: Address, place: Place): Promise<InstantNodeDatabase<Schema>> {
  const network = switchedNetwork(false);
  const db = open(address, { ...place, network });
  await network.listenedTo;
  return db;
}

describe.each(Object.entries(kinds))('storage %s', (_, kind) => {
  const freshPlace = (): Place => ({
    ...kind,
    storagePath: `${temporaryFolder()}/data`,
    instanceKey: freshKey(),
  });

  let program: Awaited<ReturnType<typeof buildProgram>>;
  beforeAll(async () => {
    program = await buildProgram('database');
  });
  afterAll(() => program.remove());

  test('keeps writes made offline, which the next database delivers in order, under the same ids', async () => {
    const server = await fakeInstant();
    const received = server.writes;
    const place = freshPlace();
    const first = await openOffline(server.address, place);
    const written: unknown[] = [];
    for (const title of ['a', 'b', 'c', 'd', 'e']) {
      written.push(eventIdOf(await first.transact(goal(id()).update({ title }))));
    }
    await first.close();

    const second = await openOffline(server.address, place);
    const more = await second.transact(goal(id()).update({ title: 'f' }));
    await second.close();
    expect(second.pendingTransactions().map(({ eventId }) => eventId)).toEqual([...written, eventIdOf(more)]);

    const third = open(server.address, place);
    await received.first((eventId) => eventId === eventIdOf(more));
    expect(received.all).toEqual([...written, eventIdOf(more)]);
    await third.close();
    const fourth = open(server.address, place);
    await fourth.queryOnce({ goals: {} });
    expect(received.all).toHaveLength(6);
  });

  test('keeps a write whose answer close() did not get, says "enqueued", and sends it again', async () => {
    let isSilent = true;
    const written = inbox<unknown>();
    const server = await fakeInstant({
      answer(message, _peer, good) {
        if (message.op !== 'transact') return good;
        written.push(message['client-event-id']);
        return isSilent ? undefined : good;
      },
    });
    const place = freshPlace();
    const first = open(server.address, place);
    await first.ready();
    const result = first.transact(goal(id()).update({ title: 'Run' }));
    await written.next();
    await first.close({ timeoutMs: 0 });
    expect(await result).toMatchObject({ status: 'enqueued' });

    isSilent = false;
    open(server.address, place);
    expect(await written.next()).toBe(eventIdOf(await result));
  });

  test('answers live queries from what it keeps before the network does', async () => {
    const run = id();
    const server = await fakeInstant({
      answer: (_message, _peer, good) =>
        good?.op === 'add-query-ok' ? { ...good, result: resultOf({ [run]: 'Run' }) } : good,
    });
    const place = freshPlace();
    const first = open(server.address, place);
    expect((await follow(first, { goals: {} }).next()).data?.goals).toHaveLength(1);
    await first.close();
    await server.close();

    const second = open(server.address, place);
    const { data } = await follow(second, { goals: {} }).next();
    expect(data?.goals).toEqual([{ id: run, title: 'Run' }]);
    expect(second.stats().receivedMessages).toBe(0);
  });

  test('shows writes made offline on top of the answers it keeps', async () => {
    const server = await fakeInstant();
    const place = freshPlace();
    const first = open(server.address, place);
    await follow(first, { goals: {} }).next();
    await first.close();
    const second = await openOffline(server.address, place);
    await second.transact(goal(id()).update({ title: 'Run' }));
    await second.close();
    const goals = follow(await openOffline(server.address, place), { goals: {} });
    await goals.next(({ data }) => data?.goals[0]?.title === 'Run');
  });

  test('keeps sync tables: the next database has what is in them before the network does', async () => {
    const backend = await serve();
    const app = backend.createApp({ schema });
    const place = { ...freshPlace(), adminToken: app.adminToken };
    const sync = (db: InstantNodeDatabase<Schema>) => {
      const events = inbox<{ type: string; data: { goals: { id: string }[] } }>();
      db._syncTableExperimental({ goals: {} }, events.push as never);
      return events;
    };
    const first = open(addressOf(backend, app), place);
    const run = id();
    await first.transact(goal(run).create({ title: 'Run' }));
    await sync(first).next(({ type }) => type === 'InitialSyncComplete');
    await first.close();
    await backend.close();
    const second = await openOffline(addressOf(backend, app), place);
    expect(await sync(second).next()).toMatchObject({
      type: 'LoadFromStorage',
      data: { goals: [{ id: run, title: 'Run' }] },
    });
  });

  test('keeps local ids', async () => {
    const server = await fakeInstant();
    const place = freshPlace();
    const first = open(server.address, place);
    const localId = await first.getLocalId('device');
    await first.close();
    const second = open(server.address, place);
    expect(await second.getLocalId('device')).toBe(localId);
    expect(await second.getLocalId('other')).not.toBe(localId);
  });

  test('keeps local ids apart, whatever they are called', async () => {
    const server = await fakeInstant();
    const place = freshPlace();
    const idsOf = async (): Promise<string[]> => {
      const db = open(server.address, place);
      const localIds = await Promise.all(nastyKeys.map((name) => db.getLocalId(name)));
      await db.close();
      return localIds;
    };
    const localIds = await idsOf();
    expect(new Set(localIds).size).toBe(nastyKeys.length);
    expect(await idsOf()).toEqual(localIds);
  });

  test('keeps the user, whom the next database signs in as, until signing out', async () => {
    const user = { id: id(), email: 'ann@example.com', refresh_token: 'token-1' };
    const server = await fakeInstant({ http: () => ({ status: 200, body: { user } }) });
    const place = freshPlace();
    const first = open(server.address, place);
    await first.auth.signInWithToken('token-1');
    await first.close();

    const second = open(server.address, place);
    expect(await second.getAuth()).toEqual(user);
    await second.ready();
    const session = server.peers.all.at(-1);
    expect(await session?.messages.first()).toMatchObject({ op: 'init', 'refresh-token': 'token-1' });
    await second.auth.signOut();
    await second.close();
    expect(await open(server.address, place).getAuth()).toBeNull();
  });

  test('gives what one process wrote to the next', async () => {
    const written = inbox<unknown>();
    const server = await fakeInstant({
      answer(message, _peer, good) {
        if (message.op === 'transact') written.push(message['client-event-id']);
        return good;
      },
    });
    const { encryptionKey: _key, ...place } = freshPlace();
    const absent = { ...server.address, apiURI: 'http://127.0.0.1:1', websocketURI: 'ws://127.0.0.1:1/none' };
    const input: Input = { config: { ...absent, ...place }, steps: ['transact', 'close'] };
    expect(await program.start(input).ended).toMatchObject({ code: 0 });
    const db = open(server.address, place);
    await written.next();
    await db.close();
    expect(written.all).toHaveLength(1);
    expect(db.pendingTransactions()).toEqual([]);
  });

  test('keeps apps and instances in one file apart', async () => {
    const server = await fakeInstant();
    const shared = freshPlace();
    const places = [
      [server.address.appId, 'a'],
      [server.address.appId, 'b'],
      [id(), 'a'],
    ].map(([appId = '', instanceKey = '']) => [appId, { ...shared, instanceKey }] as const);
    const opened = places.map(([appId, place]) => openOffline({ ...server.address, appId }, place));
    const [one, ...others] = await Promise.all(opened);
    await one?.transact(goal(id()).update({ title: 'Run' }));
    const localIds = await Promise.all([one, ...others].map((db) => db?.getLocalId('device')));
    expect(new Set(localIds).size).toBe(3);
    for (const db of [one, ...others]) await db?.close();
    const again = await Promise.all(
      places.map(([appId, place]) => openOffline({ ...server.address, appId }, place)),
    );
    expect(await Promise.all(again.map((db) => db.getLocalId('device')))).toEqual(localIds);
    expect(again.map((db) => db.pendingTransactions().length)).toEqual([1, 0, 0]);
  });

  test('is refused to a second database of the same app and instance with other options, until the first closes', async () => {
    const server = await fakeInstant();
    const place = freshPlace();
    const first = open(server.address, place);
    expect(open(server.address, place)).toBe(first);
    const other = { ...place, useDateObjects: true };
    expect(() => open(server.address, other)).toThrow(
      expect.objectContaining({
        code: 'storage-locked',
        message: expect.stringContaining(place.storagePath),
      }),
    );
    open(server.address, { ...other, instanceKey: freshKey() });
    await first.close();
    await open(server.address, other).ready();
  });
});

test('without a storage that lasts, the next database knows nothing of what was closed', async () => {
  const server = await fakeInstant();
  const instanceKey = freshKey();
  const first = open(server.address, { instanceKey });
  await first.ready();
  const localId = await first.getLocalId('device');
  await first.close();
  const second = open(server.address, { instanceKey });
  expect(await second.getLocalId('device')).not.toBe(localId);
});

test('a query that nobody subscribed to for a while is answered from memory when somebody does again', async () => {
  const run = id();
  const server = await fakeInstant({
    answer: (_message, _peer, good) =>
      good?.op === 'add-query-ok' ? { ...good, result: resultOf({ [run]: 'Run' }) } : good,
  });
  const db = open(server.address);
  const statuses = inbox<ConnectionStatus>();
  db.subscribeConnectionStatus(statuses.push);
  const answers = inbox<number | undefined>();
  const unsubscribe = db.subscribeQuery({ goals: {} }, ({ data }) => answers.push(data?.goals.length));
  expect(await answers.next()).toBe(1);
  await db._reactor.querySubs.flush();
  unsubscribe();
  await server.close();
  await statuses.next((status) => status === 'closed');
  for (const _ of [1, 2]) {
    const seen = inbox<number | undefined>();
    const leave = db.subscribeQuery({ goals: {} }, ({ data }) => seen.push(data?.goals.length));
    expect(await seen.next()).toBe(1);
    leave();
  }
});
