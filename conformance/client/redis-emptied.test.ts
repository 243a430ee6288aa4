import { type InstantNodeError, id } from '@instantdb/node';
import { expect, test } from 'vitest';
import { switchedNetwork } from '../support/network.ts';
import { eventIdOf, freshKey, open } from '../support/open.ts';
import { describeWithRedis, startRedis } from '../support/redis.ts';
import { goal } from '../support/schema.ts';

const address = { appId: id(), apiURI: 'http://127.0.0.1:9', websocketURI: 'ws://127.0.0.1:9' };

describeWithRedis('storage "redis" whose server is emptied under an open database', () => {
  for (const encryptionKey of [undefined, 'a passphrase of some length']) {
    test(`has what still waits again, ${encryptionKey ? 'sealed' : 'plain'}, and opens`, async () => {
      const server = await startRedis();
      const instanceKey = freshKey();
      const options = {
        storage: 'redis',
        redis: { url: server.url },
        instanceKey,
        ...(encryptionKey && { encryptionKey }),
      } as const;
      const network = switchedNetwork(false);
      const db = open(address, { ...options, network });
      const errors: InstantNodeError[] = [];
      let tell = (): void => {};
      const told = new Promise<void>((resolve) => {
        tell = resolve;
      });
      db.subscribeErrors((error) => {
        errors.push(error);
        tell();
      });
      const write = async (): Promise<unknown> =>
        eventIdOf(await db.transact(goal(id()).update({ title: 'Run' })));
      const localId = await db.getLocalId('device');
      const before = [await write(), await write()];
      server.command('FLUSHALL');
      await told;
      const after = await write();
      await db.close({ timeoutMs: 0 });
      expect(errors.map(({ message }) => message)).toEqual([
        expect.stringContaining('Lost data of storage "redis"'),
      ]);

      const again = open(address, { ...options, network: switchedNetwork(false) });
      expect(await again.getLocalId('device')).toBe(localId);
      expect(again.pendingTransactions().map(({ eventId }) => eventId)).toEqual([...before, after]);
    });
  }

  test('forgets what an older copy brings back, when the server is given one', async () => {
    const server = await startRedis();
    const options = { storage: 'redis', redis: { url: server.url }, instanceKey: freshKey() } as const;
    const db = open(address, { ...options, network: switchedNetwork(false) });
    let tell = (): void => {};
    const told = new Promise<void>((resolve) => {
      tell = resolve;
    });
    db.subscribeErrors(() => tell());
    const first = eventIdOf(await db.transact(goal(id()).update({ title: 'Run' }))) as string;
    const [records = ''] = server.command('KEYS', '*:records').split('\n');
    server.command('COPY', records, 'copy');
    await db.discardTransaction(first);
    const second = eventIdOf(await db.transact(goal(id()).update({ title: 'Walk' })));
    server.command('DEL', ...server.command('KEYS', 'instant:*').split('\n'));
    server.command('RENAME', 'copy', records);
    await told;
    await db.close({ timeoutMs: 0 });
    const again = open(address, { ...options, network: switchedNetwork(false) });
    await again.getLocalId('loaded');
    expect(again.pendingTransactions().map(({ eventId }) => eventId)).toEqual([second]);
  });

  test('or emptied while none was open, but for what it knows of the scope: says so once, and goes on', async () => {
    const server = await startRedis();
    const options = { storage: 'redis', redis: { url: server.url }, instanceKey: freshKey() } as const;
    const session = async (): Promise<InstantNodeError[]> => {
      const db = open(address, { ...options, network: switchedNetwork(false) });
      const errors: InstantNodeError[] = [];
      db.subscribeErrors((error) => errors.push(error));
      await db.transact(goal(id()).update({ title: 'Run' }));
      await db.close({ timeoutMs: 0 });
      return errors;
    };
    expect(await session()).toEqual([]);
    const [records = ''] = server.command('KEYS', '*:records').split('\n');
    server.command('DEL', records);
    expect(await session()).toEqual([
      expect.objectContaining({
        code: 'storage',
        message: expect.stringContaining('Lost data of storage "redis"'),
      }),
    ]);
    expect(await session()).toEqual([]);
    const again = open(address, { ...options, network: switchedNetwork(false) });
    await again.getLocalId('loaded');
    expect(again.pendingTransactions()).toHaveLength(2);
  });
});
