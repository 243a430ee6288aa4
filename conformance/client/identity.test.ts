import { i, id, init, StoreInterface, type StoreInterfaceStoreName } from '@instantdb/node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fakeInstant } from '../support/fake-instant.ts';
import { switchedNetwork } from '../support/network.ts';
import { freshKey, open } from '../support/open.ts';
import { schema } from '../support/schema.ts';

class NoStore extends StoreInterface {
  constructor(appId: string, storeName: StoreInterfaceStoreName) {
    super(appId, storeName);
  }
  override getItem = (): Promise<unknown> => Promise.resolve(null);
  override removeItem = (): Promise<void> => Promise.resolve();
  override multiSet = (): Promise<void> => Promise.resolve();
  override getAllKeys = (): Promise<string[]> => Promise.resolve([]);
}

class OtherStore extends NoStore {}

describe('init()', () => {
  test('with the same options returns the same database', async () => {
    const { address } = await fakeInstant();
    const instanceKey = freshKey();
    const network = switchedNetwork(true);
    for (const options of [
      {},
      { adminToken: id() },
      { Store: NoStore },
      { network },
      { useDateObjects: true },
    ]) {
      const db = open(address, { instanceKey, ...options });
      expect(open(address, { instanceKey, ...options })).toBe(db);
      expect(open({ ...address, appId: ` ${address.appId} ` }, { instanceKey, ...options })).toBe(db);
    }
  });

  test('with one URI and with both that follow from it returns the same database', async () => {
    const { address } = await fakeInstant();
    const db = open(address);
    const { apiURI, appId } = address;
    const instanceKey = freshKey();
    const short = init({ appId, apiURI, instanceKey });
    onTestFinished(() => short.close());
    expect(init({ ...address, instanceKey })).toBe(short);
    expect(short).not.toBe(db);
  });

  test('with another app, user of the API, date handling, storage, network or instance key returns another', async () => {
    const { address } = await fakeInstant();
    const instanceKey = freshKey();
    const all = [
      open(address, { instanceKey }),
      open({ ...address, appId: id() }, { instanceKey }),
      open(address, { instanceKey, adminToken: id() }),
      open(address, { instanceKey, useDateObjects: true }),
      open(address, { instanceKey, Store: NoStore }),
      open(address, { instanceKey, Store: OtherStore }),
      open(address, { instanceKey, network: switchedNetwork(true) }),
      open(address, { instanceKey: freshKey() }),
      open({ ...address, apiURI: 'http://127.0.0.1:1' }, { instanceKey }),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  test('with another schema returns the same database, which takes the schema over', async () => {
    const { address } = await fakeInstant();
    const instanceKey = freshKey();
    const db = open(address, { instanceKey });
    const wider = i.schema({ entities: { ...schema.entities, notes: i.entity({ text: i.string() }) } });
    const same = init({ ...address, instanceKey, schema: wider });
    expect(same).toBe(db);
    expect(() => same.subscribeQuery({ notes: {} }, () => {})).not.toThrow();
    const back = open(address, { instanceKey });
    // @ts-expect-error There is no such entity in this schema.
    expect(() => back.subscribeQuery({ notes: {} }, () => {})).toThrow(
      expect.objectContaining({ name: 'QueryValidationError' }),
    );
  });

  test('takes a store and a network listener behind the options, as core does', async () => {
    const { address } = await fakeInstant();
    const instanceKey = freshKey();
    const network = switchedNetwork(false);
    const db = init({ ...address, instanceKey }, NoStore, network);
    onTestFinished(() => db.close());
    expect(init({ ...address, instanceKey, Store: NoStore, network })).toBe(db);
  });
});

test('the server is told the versions of this package and of core', async () => {
  const server = await fakeInstant();
  const db = open(server.address);
  await db.ready();
  const peer = await server.peers.first();
  const { versions, 'app-id': appId } = await peer.messages.first(({ op }) => op === 'init');
  expect(appId).toBe(server.address.appId);
  expect(versions).toEqual({
    '@instantdb/core': expect.any(String),
    '@instantdb/node': expect.stringMatching(/^v\d/),
  });
});

test('the admin token goes into the first message and nowhere else', async () => {
  const server = await fakeInstant();
  const adminToken = id();
  await open(server.address, { adminToken }).ready();
  await open(server.address).ready();
  const [one, two] = server.peers.all;
  const inits = await Promise.all([one, two].map((peer) => peer?.messages.first(({ op }) => op === 'init')));
  expect(inits.map((message) => message?.['__admin-token'])).toEqual([adminToken, undefined]);
});
