import { readdirSync, rmSync } from 'node:fs';
import { type InstantNodeDatabase, type InstantNodeError, id, type TransactionError } from '@instantdb/node';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { End } from '../programs/stopped-owner.ts';
import { buildProgram } from '../support/child.ts';
import { fakeInstant } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { switchedNetwork } from '../support/network.ts';
import { eventIdOf, freshKey, open } from '../support/open.ts';
import { describeWithRedis, startRedis } from '../support/redis.ts';
import { goal, type Schema } from '../support/schema.ts';
import { type SessionServer, sessionServer } from '../support/sessions.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';

type Db = InstantNodeDatabase<Schema>;

/** A storage that can be taken from the database that has it open, as another process takes it. */
interface Place {
  options: object;
  takeOver(): void;
}

const title = (text: string) => goal(id()).update({ title: text });

function removeLocks(folder: string, isLock: (name: string) => boolean): void {
  const names = (readdirSync(folder, { recursive: true }) as string[]).filter(isLock);
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) rmSync(`${folder}/${name}`);
}

const places: Record<string, () => Place> = {
  filesystem() {
    const storagePath = `${temporaryFolder()}/data`;
    return {
      options: { storage: 'filesystem', storagePath },
      takeOver: () => removeLocks(storagePath, (name) => /lock/.test(name)),
    };
  },
  ...(hasSqlite && {
    sqlite() {
      const storagePath = `${temporaryFolder()}/data.db`;
      return {
        options: { storage: 'sqlite', storagePath },
        takeOver: () => removeLocks(`${storagePath}.locks`, () => true),
      };
    },
  }),
};

async function redisPlace(): Promise<Place> {
  const server = await startRedis();
  return {
    options: { storage: 'redis', redis: { url: server.url } },
    takeOver() {
      const scope = server.command('KEYS', '*:lease').replace(/:lease$/, '');
      const owner = 'other {"token":"other","pid":1,"host":"elsewhere"}';
      server.command('HINCRBY', `${scope}:state`, 'generation', '1');
      server.command('HSET', `${scope}:state`, 'owner', 'other.1', 'seq', '0');
      server.command('SET', `${scope}:lease`, owner, 'PX', '60000');
    },
  };
}

async function opened(
  place: Place,
  server: SessionServer,
  options: { isOnline: boolean; relaxed?: boolean },
) {
  const network = switchedNetwork(options.isOnline);
  const durability = options.relaxed ? 'relaxed' : 'strict';
  const config = { ...place.options, network, durability, instanceKey: freshKey() } as const;
  const db: Db = open(server.address, config);
  const losses = inbox<InstantNodeError>();
  db.subscribeErrors(losses.push);
  const told = inbox<TransactionError>();
  db.subscribeTransactionErrors(told.push);
  await network.listenedTo;
  if (options.isOnline) await db.ready();
  else await db.getLocalId('loaded');
  return { db, network, losses, told };
}

const locked = (outcome: string) => ({ name: 'InstantNodeError', code: 'storage-locked', outcome });

describe.each(Object.entries(places))('when storage %s is taken over', (_, place) => tellsOutcomes(place));
describeWithRedis('when storage redis is taken over', () => tellsOutcomes(redisPlace));

function tellsOutcomes(makePlace: () => Place | Promise<Place>): void {
  test('a write that was saved before resolves as "enqueued": the new owner sends it', async () => {
    const server = await sessionServer(() => false);
    const place = await makePlace();
    const { db, network, losses } = await opened(place, server, { isOnline: true });
    const sent = db.transact(title('sent'));
    await server.arrived.first();
    network.switch(false);
    // Saved together with the one before.
    expect(await db.transact(title('offline'))).toMatchObject({ status: 'enqueued' });
    place.takeOver();
    const later = expect(db.transact(title('later'))).rejects.toMatchObject(locked('not-applied'));
    expect(await sent).toMatchObject({ status: 'enqueued' });
    await later;
    expect(losses.all).toMatchObject([{ code: 'storage-locked' }]);
    expect(db.pendingTransactions()).toHaveLength(2);
  });

  test('a write that was sent and not saved rejects as of unknown outcome, and its local change stays', async () => {
    const server = await sessionServer(() => false);
    const place = await makePlace();
    const { db, told } = await opened(place, server, { isOnline: true });
    place.takeOver();
    const write = db.transact(title('sent'));
    const [pending] = db.pendingTransactions();
    await expect(write).rejects.toMatchObject(locked('unknown'));
    expect((await server.arrived.first()).eventId).toBe(pending?.eventId);
    expect(db.pendingTransactions()).toMatchObject([{ eventId: pending?.eventId, state: 'unknown' }]);
    expect(told.all).toEqual([]);
  });

  test('a write that was neither rejects as not applied, and so do later ones', async () => {
    const server = await sessionServer();
    const place = await makePlace();
    const { db, losses } = await opened(place, server, { isOnline: false });
    place.takeOver();
    const writes = [db.transact(title('a')), db.transact(title('b'))];
    for (const write of writes) await expect(write).rejects.toMatchObject(locked('not-applied'));
    expect(db.pendingTransactions()).toEqual([]);
    await expect(db.transact(title('later'))).rejects.toMatchObject(locked('not-applied'));
    expect(losses.all).toHaveLength(1);
    await db.close();
    expect(server.arrived.all).toEqual([]);
  });

  test('one that was said to be "enqueued" before it was saved is told to subscribeTransactionErrors', async () => {
    const server = await sessionServer();
    const place = await makePlace();
    const { db, told } = await opened(place, server, { isOnline: false, relaxed: true });
    place.takeOver();
    const result = await db.transact(title('a'));
    expect(result.status).toBe('enqueued');
    expect(await told.next()).toMatchObject({
      eventId: eventIdOf(result),
      type: 'storage-locked',
      outcome: 'not-applied',
      isKept: false,
      steps: expect.arrayContaining([expect.arrayContaining(['add-triple'])]),
    });
    expect(db.pendingTransactions()).toEqual([]);
  });
}

describeWithRedis('an owner that was stopped beyond its lease, and goes on', () => {
  test('rejects nothing as not applied that the server gets, and resolves nothing that it does not', async () => {
    const program = await buildProgram('stopped-owner');
    onTestFinished(() => program.remove());
    const { options } = await redisPlace();
    const written = inbox<{ title: string; eventId: unknown }>();
    let count = 0;
    const server = await fakeInstant({
      answer(message, _peer, good) {
        if (message.op !== 'transact') return good;
        const steps = message['tx-steps'] as unknown[][];
        const title = `${steps.find(([op, , , value]) => op === 'add-triple' && /^\d+$/.test(`${value}`))?.[3]}`;
        written.push({ title, eventId: message['client-event-id'] });
        // Every other one is left without an answer, so that some wait at each moment.
        return ++count % 2 === 0 ? good : undefined;
      },
    });
    const config = { ...server.address, ...options, instanceKey: freshKey() };
    const owner = program.start(config);
    const ends = (): End[] => owner.lines.all.map((line) => JSON.parse(line) as End);
    await written.first(() => written.all.length > 50);
    const { pid } = JSON.parse(await owner.lines.first()) as End;
    process.kill(pid, 'SIGSTOP');
    const next = open(server.address, { ...config, whenStorageLocked: 'wait' });
    await next.getLocalId('loaded');
    process.kill(pid, 'SIGCONT');
    expect(await owner.ended).toMatchObject({ code: 0 });
    await next.ready();
    const last = await next.transact(title('last'));
    await written.first(({ eventId }) => eventId === eventIdOf(last));
    const arrived = new Set(written.all.map((write) => write.title));
    expect(ends()).toContainEqual(expect.objectContaining({ code: 'storage-locked' }));
    for (const end of ends()) {
      if ('status' in end) expect(arrived).toContain(end.title);
      else if (end.outcome !== 'unknown') expect(arrived).not.toContain(end.title);
    }
  });
});
