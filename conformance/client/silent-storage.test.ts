import { id, init, StoreInterface } from '@instantdb/node';
import memoryDriver from 'unstorage/drivers/memory';
import { expect, test } from 'vitest';
import { switchedNetwork } from '../support/network.ts';
import { freshKey } from '../support/open.ts';
import { goal } from '../support/schema.ts';

const address = { appId: id(), apiURI: 'http://127.0.0.1:9', websocketURI: 'ws://127.0.0.1:9' };
const never = (): Promise<never> => new Promise(() => {});

class Silent extends StoreInterface {
  getItem = async (): Promise<null> => null;
  removeItem = never;
  multiSet = never;
  getAllKeys = async (): Promise<string[]> => [];
}

test.concurrent.each([
  ['a driver that takes nothing', { ...memoryDriver(), name: 'mine', setItem: never }],
  ['a driver that gives nothing', { ...memoryDriver(), name: 'mine', getItem: never }],
  ['a class that takes nothing', Silent],
])('%s and says nothing holds neither a write for ever nor the end of a database', async (name, storage) => {
  const db = init({
    ...address,
    storage,
    durable: true,
    instanceKey: freshKey(),
    network: switchedNetwork(false),
  });
  db.subscribeErrors(() => {});
  const write = db.transact(goal(id()).update({ title: 'Run' })).catch((error: unknown) => error);
  if (name.includes('takes')) {
    expect(await write).toMatchObject({
      code: 'storage',
      cause: { message: expect.stringContaining('not answered') },
    });
  }
  await db.close({ timeoutMs: 0 }).catch(({ code }) => expect(code).toBe('storage'));
  await write;
});
