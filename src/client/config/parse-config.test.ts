import { resolve } from 'node:path';
import { StoreInterface } from '@instantdb/core';
import { expect, test } from 'vitest';
import { networkKinds } from '../../drivers/network/index.ts';
import { storageKinds } from '../../drivers/storage/kinds/index.ts';
import { connectionDefaults } from './connection-config.ts';
import { parseConfig as parse } from './parse-config.ts';

// What is refused is tested on every runtime by `conformance/client/config.test.ts`.

const parseConfig = (config: unknown) => parse(config, { storage: storageKinds, network: networkKinds });
const appId = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';

test('what is not given is what the documentation says', () => {
  const { core, secrets: _, ways, ...rest } = parseConfig({ appId });
  expect(rest).toEqual({
    connection: { ...connectionDefaults, maxMessageBytes: undefined, whenQueueFull: 'reject' },
    storage: { kind: 'memory' },
    keyring: undefined,
    durability: 'strict',
    whenStorageLocked: 'fail',
    network: parseConfig({ appId, network: 'always-online' }).network,
    instanceKey: '',
    keepAlive: true,
  });
  expect(ways.areOwn).toBe(false);
  expect(core).toMatchObject({
    appId,
    apiURI: 'https://api.instantdb.com',
    websocketURI: 'wss://api.instantdb.com/runtime/session',
    useDateObjects: false,
    cardinalityInference: false,
  });
});

test('an option that is undefined is not given', () => {
  const names = [
    'schema',
    'apiURI',
    'adminToken',
    'storage',
    'storagePath',
    'network',
    'instanceKey',
    'keepAlive',
  ];
  const config = Object.fromEntries(names.map((name) => [name, undefined]));
  const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  expect(asJson(parseConfig({ ...config, appId }))).toEqual(asJson(parseConfig({ appId })));
});

test('the app id and the admin token are taken without the space around them', () => {
  const { core } = parseConfig({ appId: ` ${appId}\n`, adminToken: ' token\n' });
  expect(core).toMatchObject({ appId, __adminToken: 'token' });
  expect(core).not.toHaveProperty('adminToken');
});

test('core’s own name for the admin token is taken too, and ours wins', () => {
  expect(parseConfig({ appId, __adminToken: 'a' }).core.__adminToken).toBe('a');
  expect(parseConfig({ appId, __adminToken: 'a', adminToken: 'b' }).core.__adminToken).toBe('b');
});

test('a schema turns the inference of cardinality on, unless it is turned off', () => {
  const schema = { entities: {}, links: {}, rooms: {} };
  expect(parseConfig({ appId, schema }).core.cardinalityInference).toBe(true);
  expect(parseConfig({ appId, schema, cardinalityInference: false }).core.cardinalityInference).toBe(false);
});

test('the path of storage "sqlite" is made absolute', () => {
  const { storage } = parseConfig({ appId, storage: 'sqlite', storagePath: 'data/app.db' });
  expect(storage).toEqual({ kind: 'sqlite', path: resolve('data/app.db'), sqlite: {} });
});

test('a class is a storage by its name and by core’s, and ours wins', () => {
  class One extends StoreInterface {
    override getItem = (): Promise<unknown> => Promise.resolve(null);
    override removeItem = (): Promise<void> => Promise.resolve();
    override multiSet = (): Promise<void> => Promise.resolve();
    override getAllKeys = (): Promise<string[]> => Promise.resolve([]);
  }
  class Two extends One {}
  expect(parseConfig({ appId, storage: One }).storage).toEqual({ kind: 'class', Store: One, durable: true });
  expect(parseConfig({ appId, Store: One }).storage).toEqual({ kind: 'class', Store: One, durable: true });
  expect(parseConfig({ appId, storage: Two, Store: One }).storage).toEqual({
    kind: 'class',
    Store: Two,
    durable: true,
  });
  expect(parseConfig({ appId, storage: 'memory', Store: One }).storage).toEqual({ kind: 'memory' });
});

test('what core reads without documenting it is passed on', () => {
  const internal = { __extraDedupeKey: 'x', pendingTxCleanupTimeout: 1, pendingMutationCleanupThreshold: 2 };
  expect(parseConfig({ appId, ...internal }).core).toMatchObject(internal);
});

test('options of this package alone are not passed on to core', () => {
  const { core } = parseConfig({ appId, storage: 'memory', network: 'always-online' });
  for (const name of ['storage', 'storagePath', 'network', 'Store']) expect(core).not.toHaveProperty(name);
});

test('core is not given the encryption key', () => {
  const { core } = parseConfig({
    appId,
    storage: 'sqlite',
    storagePath: 'x.db',
    encryptionKey: 'correct horse battery',
  });
  expect(JSON.stringify(core)).not.toContain('correct horse');
});
