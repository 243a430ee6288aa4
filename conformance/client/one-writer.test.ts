import { id } from '@instantdb/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Input } from '../programs/database.ts';
import { buildProgram, type Child } from '../support/child.ts';
import { fakeInstant } from '../support/fake-instant.ts';
import { switchedNetwork } from '../support/network.ts';
import { eventIdOf, freshKey, open } from '../support/open.ts';
import { goal } from '../support/schema.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';

const storages = ['filesystem', ...(hasSqlite ? (['sqlite'] as const) : [])] as ('filesystem' | 'sqlite')[];

describe.each(storages)('storage "%s" that another process has open for the same app', (storage) => {
  let program: Awaited<ReturnType<typeof buildProgram>>;
  beforeAll(async () => {
    program = await buildProgram('database');
  });
  afterAll(() => program.remove());

  const freshPlace = () => ({ storage, storagePath: `${temporaryFolder()}/data`, instanceKey: freshKey() });

  /** A process that has written once, with nobody there to send it to, and holds the storage. */
  async function startOwner(appId: string, place: object): Promise<Child> {
    const nowhere = { apiURI: 'http://127.0.0.1:1', websocketURI: 'ws://127.0.0.1:1/none' };
    const input: Input = { config: { appId, ...nowhere, ...place }, steps: ['transact', 'hold'] };
    const child = program.start(input);
    await child.lines.first((line) => line === 'hold');
    return child;
  }

  test('is refused with code "storage-locked", which names the place and the process, until that ends', async () => {
    const { address } = await fakeInstant();
    const place = freshPlace();
    const owner = await startOwner(address.appId, place);
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(() => open(address, place)).toThrow(
        expect.objectContaining({
          code: 'storage-locked',
          message: expect.stringMatching(new RegExp(`${place.storagePath}.*process \\d+`)),
          hint: expect.stringContaining('whenStorageLocked'),
        }),
      );
    }
    owner.kill();
    await owner.ended;
    const db = open(address, { ...place, network: switchedNetwork(false) });
    await db.getLocalId('loaded');
    expect(db.pendingTransactions()).toHaveLength(1);
  });

  test('is open to other apps and instances', async () => {
    const { address } = await fakeInstant();
    const place = freshPlace();
    await startOwner(address.appId, place);
    await open({ ...address, appId: id() }, place).getLocalId('a');
    await open(address, { ...place, instanceKey: freshKey() }).getLocalId('a');
  });

  test('with whenStorageLocked "wait" is opened as soon as that process was killed, with all that it kept', async () => {
    const { address, writes: received } = await fakeInstant();
    const place = freshPlace();
    const owner = await startOwner(address.appId, place);
    const db = open(address, { ...place, whenStorageLocked: 'wait' });
    const early = db.transact(goal(id()).update({ title: 'early' }));
    // It answers to nobody before: two processes would send the same writes.
    expect(received.all).toEqual([]);
    owner.kill();
    const result = await early;
    await received.first((eventId) => eventId === eventIdOf(result));
    expect(received.all).toHaveLength(2);
    expect(received.all[1]).toBe(eventIdOf(result));
  });

  test('a database that waits can be closed', async () => {
    const { address } = await fakeInstant();
    const place = freshPlace();
    await startOwner(address.appId, place);
    const db = open(address, { ...place, whenStorageLocked: 'wait' });
    const write = db.transact(goal(id()).update({ title: 'early' }));
    const isRejected = expect(write).rejects.toMatchObject({ code: 'storage', cause: { code: 'closed' } });
    const discarded = expect(db.transact(goal(id()).update({ title: 'given up' }))).rejects.toMatchObject({
      code: 'discarded',
    });
    expect(await db.discardTransaction(db.pendingTransactions()[1]?.eventId ?? '')).toBe(true);
    await discarded;
    const localId = expect(db.getLocalId('device')).rejects.toMatchObject({ code: 'closed' });
    await db.close({ timeoutMs: 0 });
    await localId;
    await isRejected;
  });
});
