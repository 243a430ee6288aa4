import { inspect } from 'node:util';
import {
  type InstantNodeError,
  init,
  isInstantNodeError,
  type NodeConfig,
  StoreInterface,
} from '@instantdb/node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fakeInstant } from '../support/fake-instant.ts';
import { inbox } from '../support/inbox.ts';
import { freshKey, open } from '../support/open.ts';

const appId = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';

function refusalOf(config: unknown): InstantNodeError {
  try {
    // Not opened when the test passes, and closed when it does not.
    const db = init(config as NodeConfig);
    onTestFinished(() => db.close());
  } catch (error) {
    if (isInstantNodeError(error, 'invalid-config')) return error;
    throw error;
  }
  throw new TypeError(`init() took ${inspect(config)}`);
}

describe('init() throws "invalid-config"', () => {
  test.each([
    [undefined, 'init() takes an object of options, got undefined'],
    [null, 'got null'],
    ['app', 'got "app"'],
    [[], 'got an array'],
    [() => {}, 'got a value of type function'],
    [
      { appId, storage: { getItem: 1 }, durable: true },
      'option "storage" is a value of type object, expected',
    ],
  ])('for options that are %s', (config, message) => {
    expect(refusalOf(config).message).toContain(message);
  });

  test.each([
    ['apiUri', 'Did you mean "apiURI"?'],
    ['AppId', 'Did you mean "appId"?'],
    ['storagepath', 'Did you mean "storagePath"?'],
    ['usedateobject', 'Did you mean "useDateObjects"?'],
    ['webSocketUrl', 'Did you mean "websocketURI"?'],
    ['zzz', 'The options are appId, schema, useDateObjects, apiURI, websocketURI, adminToken, storage'],
    ['__proto', 'The options are'],
    ['constructor', 'The options are'],
  ])('for an unknown option "%s", with the nearest that there is', (name, hint) => {
    const { message, hint: given } = refusalOf({ appId, [name]: 1 });
    expect(message).toBe(`Cannot open a database: there is no option "${name}"`);
    expect(given).toContain(hint);
  });

  test.each([
    [undefined, 'option "appId" is missing'],
    ['', 'option "appId" is "", expected a UUID'],
    ['app', 'is "app", expected a UUID'],
    [`${appId}0`, 'expected a UUID'],
    [`{${appId}}`, 'expected a UUID'],
    [7, 'is 7, expected a UUID'],
    [null, 'is null, expected a UUID'],
    [{}, 'is a value of type object, expected a UUID'],
  ])('for the app id %s', (value, message) => {
    const error = refusalOf({ appId: value });
    expect(error.message).toContain(message);
    expect(error.hint).toContain('Copy it from the dashboard');
  });

  test.each([
    ['apiURI', 7, 'is 7, expected a string'],
    ['apiURI', '', 'expected a URL that starts with http:// or https://'],
    ['apiURI', 'localhost:8888', 'expected a URL that starts with http:// or https://'],
    ['apiURI', 'ws://localhost', 'expected a URL that starts with http:// or https://'],
    ['apiURI', 'http://', 'expected a URL'],
    [
      'apiURI',
      'http://localhost?x=1',
      'has a query or fragment, expected a URL that starts with http:// or https:// and neither',
    ],
    [
      'apiURI',
      'http://localhost#x',
      'has a query or fragment, expected a URL that starts with http:// or https:// and neither',
    ],
    ['websocketURI', 'http://localhost', 'expected a URL that starts with ws:// or wss://'],
    ['websocketURI', 'ws://localhost:99999', 'expected a URL'],
    ['websocketURI', null, 'is null, expected a string'],
    [
      'storage',
      'sqlit',
      'is "sqlit", expected "memory", "filesystem", "sqlite", "redis", a Storage or Driver of unstorage, or a class',
    ],
    ['storage', 7, 'is 7, expected'],
    ['storage', {}, 'expected "memory", "filesystem", "sqlite"'],
    ['storagePath', 'x.db', 'expected nothing: only the storages "filesystem" and "sqlite" have a path'],
    ['redis', { url: 'redis://localhost' }, 'expected nothing: storage is not "redis"'],
    ['encryptionKey', 'a passphrase', 'expected nothing: storage "memory" writes nothing anywhere'],
    ['durable', true, 'is true, expected nothing: only a storage of yours may outlive the process or not'],
    ['durable', 'yes', 'is "yes", expected true or false'],
    ['durability', 'lax', 'is "lax", expected "strict" or "relaxed"'],
    ['whenStorageLocked', true, 'is true, expected "fail" or "wait"'],
    ['storagePath', 7, 'is 7, expected a string'],
    ['instanceKey', 7, 'expected a string'],
    [
      'network',
      'offline',
      'is "offline", expected "always-online", "dns", "http", an object with the option use, or a class with the static functions getIsOnline and listen',
    ],
    ['network', { getIsOnline: () => true }, 'expected "always-online", "dns"'],
    ['network', 7, 'is 7, expected "always-online", "dns"'],
    ['network', null, 'is null, expected "always-online", "dns"'],
    ['network', {}, 'an object with the option use'],
    ['network', 'toString', 'is "toString", expected "always-online"'],
    ['keepAlive', 'yes', 'is "yes", expected true or false'],
    ['verbose', 1, 'expected true or false'],
    ['disableValidation', 1, 'expected true or false'],
    ['useDateObjects', 'true', 'expected true or false'],
    ['queryCacheLimit', '10', 'expected a number'],
    ['queryCacheLimit', -1, 'is -1, expected a whole number from 0'],
    ['queryCacheLimit', 1.5, 'expected a whole number from 0'],
    ['queryCacheLimit', Number.NaN, 'is NaN, expected a whole number from 0'],
    ['firstPartyPath', 7, 'expected a string'],
    ['logger', {}, 'expected an object with the functions info, debug and error'],
    ['logger', 'console', 'expected an object with the functions info, debug and error'],
    ['schema', {}, 'expected what i.schema() returns'],
    ['schema', 'x', 'expected what i.schema() returns'],
    ['schema', null, 'expected what i.schema() returns'],
    ['Store', {}, 'expected a class'],
    ['WritableStream', {}, 'expected a class'],
    ['ReadableStream', {}, 'expected a class'],
    ['devtool', 7, 'expected true, false or an object'],
    ['__extraDedupeKey', 7, 'expected a string'],
    ['pendingTxCleanupTimeout', 'x', 'expected a number'],
  ])('for option "%s" with %j', (name, value, message) => {
    const error = refusalOf({ appId, [name]: value });
    expect(error.message).toMatch(/^Cannot open a database: option "/);
    expect(error.message).toContain(`"${name}"`);
    expect(error.message).toContain(message);
  });

  test.each([
    [{ use: 'always-online' }, 'option "network.use" is "always-online", expected "dns" or "http"'],
    [{ use: 'icmp' }, 'option "network.use" is "icmp", expected "dns" or "http"'],
    [{ use: 7 }, 'option "network.use" is 7'],
    [
      { use: 'dns', url: 'http://localhost' },
      'option "network.url" is given, expected none: "dns" asks for no URL',
    ],
    [
      { use: 'http', url: 'localhost' },
      '"network.url" is "localhost", expected a URL that starts with http://',
    ],
    [{ use: 'http', url: 'ftp://localhost' }, 'expected a URL that starts with http:// or https://'],
    [{ use: 'http', url: 7 }, '"network.url" is 7, expected a URL'],
    [{ use: 'http', intervalMs: 0 }, '"network.intervalMs" is 0, expected milliseconds from 1 to 2147483647'],
    [{ use: 'http', intervalMs: 2 ** 31 }, '"network.intervalMs" is 2147483648, expected milliseconds'],
    [{ use: 'dns', timeoutMs: '5s' }, '"network.timeoutMs" is "5s", expected milliseconds from 1'],
    [{ use: 'dns', threshold: 1.5 }, '"network.threshold" is 1.5, expected a whole number from 1'],
    [{ use: 'dns', threshold: Number.NaN }, '"network.threshold" is NaN, expected a whole number from 1'],
    [{ use: 'dns', treshold: 2 }, 'there is no option "network.treshold"'],
  ])('for option "network" with %j', (network, message) => {
    expect(refusalOf({ appId, network }).message).toContain(message);
  });

  test.each([
    ['sqlite', 'file'],
    ['filesystem', 'folder'],
  ])('for storage "%s" without a path', (storage, place) => {
    for (const storagePath of [undefined, '', '  ']) {
      expect(refusalOf({ appId, storage, storagePath }).message).toContain(
        `expected the path of a ${place}, which storage "${storage}" needs`,
      );
    }
  });

  test('for an encryption key that is none, without showing it', () => {
    for (const encryptionKey of [7, '', 'swordfi', new Uint8Array(31), { current: 'swordfi' }]) {
      const { message } = refusalOf({ appId, storage: 'sqlite', storagePath: 'x.db', encryptionKey });
      expect(message).toContain('"encryptionKey');
      expect(message).not.toContain('swordfi');
    }
  });
});

describe('a secret is not in the error that refuses it', () => {
  const secret = 'c0ffee-secret';
  test.each([
    { adminToken: { secret } },
    { adminToken: [secret] },
    { __adminToken: { secret } },
    { apiURI: `http://me:${secret}@localhost` },
    { websocketURI: `ws://${secret}@localhost` },
    { adminToken: secret, apiURI: 'nonsense' },
    { adminToken: secret, unknown: 1 },
    { apiURI: `http://localhost?token=${secret}` },
    { apiURI: `me:${secret}@localhost` },
    { apiURI: `http://me:${secret}@:80:80` },
    { network: { use: 'http', url: `http://me:${secret}@localhost` } },
    { network: { use: 'http', url: `ftp://localhost?token=${secret}` } },
    { network: { use: 'dns', url: `http://localhost?token=${secret}` } },
  ])('%j', (options) => {
    const error = refusalOf({ appId, ...options });
    const told = [
      error.message,
      error.hint,
      error.stack,
      JSON.stringify(error),
      inspect(error, { depth: 9, showHidden: true }),
    ];
    for (const text of told) expect(text ?? '').not.toContain(secret);
  });
});

test('what was refused is not open: the same identity can be opened afterwards', async () => {
  const { address } = await fakeInstant();
  const instanceKey = freshKey();
  expect(() => open(address, { instanceKey, storage: 'nowhere' as never })).toThrow();
  await open(address, { instanceKey }).ready();
});

describe('the URIs', () => {
  const uris = (config: Partial<NodeConfig>): unknown => {
    const db = init({
      appId,
      instanceKey: freshKey(),
      network: { getIsOnline: async () => false, listen: () => undefined },
      ...config,
    });
    onTestFinished(() => db.close());
    const { apiURI, websocketURI } = db._reactor.config;
    return [apiURI, websocketURI];
  };

  test('are core’s own when none is given', () => {
    expect(uris({})).toEqual(['https://api.instantdb.com', 'wss://api.instantdb.com/runtime/session']);
  });

  test.each([
    ['http://localhost:8888', 'ws://localhost:8888/runtime/session'],
    ['https://instant.example.com/', 'wss://instant.example.com/runtime/session'],
    ['https://example.com/instant/api', 'wss://example.com/instant/api/runtime/session'],
    ['http://[::1]:80', 'ws://[::1]/runtime/session'],
  ])('from apiURI %s alone', (apiURI, websocketURI) => {
    expect(uris({ apiURI })).toEqual([apiURI.replace(/\/$|:80$/, ''), websocketURI]);
  });

  test.each([
    ['ws://localhost:8888/runtime/session', 'http://localhost:8888'],
    ['wss://example.com/instant/runtime/session', 'https://example.com/instant'],
  ])('from websocketURI %s alone', (websocketURI, apiURI) => {
    expect(uris({ websocketURI })).toEqual([apiURI, websocketURI]);
  });

  test('are taken as they are when both are given', () => {
    const given = { apiURI: 'https://a.example.com', websocketURI: 'wss://b.example.com/ws' };
    expect(uris(given)).toEqual([given.apiURI, given.websocketURI]);
  });
});

test('a StoreInterface class of the user is constructed for the app and each store', async () => {
  const made = inbox<string[]>();
  class Recording extends StoreInterface {
    constructor(app: string, store: 'kv' | 'querySubs' | 'syncSubs') {
      super(app, store);
      made.push([app, store]);
    }
    override getItem = (): Promise<unknown> => Promise.resolve(null);
    override removeItem = (): Promise<void> => Promise.resolve();
    override multiSet = (): Promise<void> => Promise.resolve();
    override getAllKeys = (): Promise<string[]> => Promise.resolve([]);
  }
  const { address } = await fakeInstant();
  const db = open(address, { storage: Recording });
  await db.ready();
  expect(new Set(made.all.map(String))).toEqual(
    new Set(['kv', 'querySubs', 'syncSubs'].map((store) => `${address.appId},${store}`)),
  );
});
