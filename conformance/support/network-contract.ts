import { id, type NetworkOption } from '@instantdb/node';
import { describe, expect, onTestFinished, test } from 'vitest';
// By its path: a lease is no part of what the package exports.
import type { NetworkLease } from '../../src/drivers/contract.ts';
import type { FakeInstant } from './fake-instant.ts';
import { type Inbox, inbox } from './inbox.ts';
import { eventIdOf, open } from './open.ts';
import { goal } from './schema.ts';

/** A network that a test switches on and off, and a server that is reached by it. */
export interface NetworkWorld {
  readonly server: FakeInstant;
  /** What a database is given as its option `network`. */
  readonly option: NetworkOption;
  /** A listener to the same network. */
  lease(): NetworkLease;
  /** What the listener is to notice. Absent where it notices nothing. */
  switch?(isOnline: boolean): void;
  /** Resolves once the network was looked at so often that whatever is to be told has been told. */
  seen(): Promise<void>;
}

/** Makes a world, which ends with the test. */
export type NetworkHarness = (isOnline: boolean) => NetworkWorld | Promise<NetworkWorld>;

/** A listener for the length of a test, with what it has told since its first answer. */
async function listening(
  world: NetworkWorld,
): Promise<{ lease: NetworkLease; first: boolean; told: Inbox<boolean>; stop(): void }> {
  const lease = world.lease();
  onTestFinished(() => lease.release());
  const first = await lease.getIsOnline();
  const told = inbox<boolean>();
  const stop = lease.listen(told.push);
  return { lease, first, told, stop: () => stop?.() };
}

/** The promises that every network listener keeps, each as a test; `world` has one that may be switched. */
export function networkContract(name: string, newWorld: NetworkHarness): void {
  describe(`${name}: the network contract`, () => {
    test('answers with a boolean, and tells nothing that has not changed', async () => {
      const world = await newWorld(true);
      const { first, told } = await listening(world);
      await world.seen();
      expect(first).toBe(true);
      expect(told.all).toEqual([]);
    });

    test('may be stopped and released more than once, and before it was asked', async () => {
      const world = await newWorld(true);
      const { lease, stop } = await listening(world);
      for (let times = 0; times < 2; times++) {
        stop();
        lease.release();
        world.lease().release();
      }
      expect(await (await listening(world)).first).toBe(true);
    });

    test('lets a database connect, and deliver in order', async () => {
      const { server, option } = await newWorld(true);
      const db = open(server.address, { network: option });
      await db.ready();
      const results = await Promise.all(
        [1, 2, 3].map(() => db.transact(goal(id()).update({ title: 'Run' }))),
      );
      expect(results.map(({ status }) => status)).toEqual(['synced', 'synced', 'synced']);
      expect(server.writes.all).toEqual(results.map(eventIdOf));
    });
  });
}

/** The promises of those that notice when the network goes and comes. */
export function switchedNetworkContract(
  name: string,
  newWorld: (isOnline: boolean) => Promise<NetworkWorld & Required<Pick<NetworkWorld, 'switch'>>>,
): void {
  networkContract(name, newWorld);

  describe(`${name}: the contract of networks that come and go`, () => {
    test('says at first when there is none', async () => {
      const world = await newWorld(false);
      expect((await listening(world)).first).toBe(false);
    });

    test('tells each change once and in order, to all who listen, and answers with it', async () => {
      const world = await newWorld(true);
      const [one, two] = [await listening(world), await listening(world)];
      const expected: boolean[] = [];
      for (const isOnline of [false, true, false]) {
        world.switch(isOnline);
        expected.push(isOnline);
        await Promise.all([one, two].map(({ told }) => told.next((now) => now === isOnline)));
        await world.seen();
        expect([one.told.all, two.told.all]).toEqual([expected, expected]);
        expect(await one.lease.getIsOnline()).toBe(isOnline);
      }
    });

    test('tells nothing to one that has stopped or was released, and the others still', async () => {
      const world = await newWorld(true);
      const [stopped, released, left] = [
        await listening(world),
        await listening(world),
        await listening(world),
      ];
      stopped.stop();
      released.stop();
      released.lease.release();
      world.switch(false);
      await left.told.next((isOnline) => !isOnline);
      await world.seen();
      expect([stopped.told.all, released.told.all]).toEqual([[], []]);
    });

    test('keeps a database from connecting until there is a network', async () => {
      const world = await newWorld(false);
      const db = open(world.server.address, { network: world.option });
      await world.seen();
      const results = [];
      for (let count = 0; count < 3; count++)
        results.push(await db.transact(goal(id()).update({ title: 'Run' })));
      expect(results.map(({ status }) => status)).toEqual(['enqueued', 'enqueued', 'enqueued']);
      expect(db.stats()).toMatchObject({ status: 'closed', connections: 0, pendingTransactions: 3 });
      world.switch(true);
      const expected = results.map(eventIdOf);
      await world.server.writes.first((eventId) => eventId === expected.at(-1));
      expect(world.server.writes.all).toEqual(expected);
    });

    test('pauses a database while there is none, which then delivers in order', async () => {
      const world = await newWorld(true);
      const db = open(world.server.address, { network: world.option });
      const statuses = inbox<string>();
      db.subscribeConnectionStatus(statuses.push);
      await db.ready();
      const expected: unknown[] = [];
      for (let turn = 0; turn < 2; turn++) {
        world.switch(false);
        await statuses.next((status) => status === 'closed');
        const before = db.stats().connections;
        for (let count = 0; count < 20; count++)
          expected.push(eventIdOf(await db.transact(goal(id()).update({ title: 'Run' }))));
        await world.seen();
        expect(db.stats()).toMatchObject({ status: 'closed', connections: before, pendingTransactions: 20 });
        world.switch(true);
        await world.server.writes.first((eventId) => eventId === expected.at(-1));
        expect(world.server.writes.all).toEqual(expected);
        // Answers come in order: behind this one, none is left.
        await db.queryOnce({ goals: {} });
        expect(db.stats()).toMatchObject({ status: 'authenticated', pendingTransactions: 0 });
      }
    });
  });
}
