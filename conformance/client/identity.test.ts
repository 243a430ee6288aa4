import { inspect } from 'node:util';
import {
  InstantNodeError,
  i,
  id,
  init,
  type NodeConfig,
  StoreInterface,
  type StoreInterfaceStoreName,
} from '@instantdb/node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fakeInstant } from '../support/fake-instant.ts';
import { switchedNetwork } from '../support/network.ts';
import { freshKey, open, serveApp } from '../support/open.ts';
import { type Schema, schema } from '../support/schema.ts';

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

/** What is within a database, and in no type that users see. */
interface Inner {
  report(error: InstantNodeError): void;
  flush(): Promise<void>;
  querySubs: { _persister: { getAllKeys(): Promise<string[]> } };
}

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

describe('an option that is given again', () => {
  test('and differs is adopted by the database that is open', async () => {
    const { address } = await fakeInstant();
    const instanceKey = freshKey();
    const db = open(address, { instanceKey });
    const lines: unknown[][] = [];
    const log = (...words: unknown[]): unknown => lines.push(words);
    const logger = { info: log, debug: log, error: log };
    const again = (options: Partial<NodeConfig<Schema>>): void => {
      expect(init({ ...address, instanceKey, ...options })).toBe(db);
    };
    await db.ready();
    again({ verbose: true, logger });
    await db.queryOnce({ goals: {} });
    expect(lines.flat()).toContain('[receive]');
    again({ verbose: false });
    lines.length = 0;
    await db.queryOnce({ goals: {} });
    expect(lines).toEqual([]);
    const wrong = { nothing: {} } as never;
    expect(() => db.subscribeQuery(wrong, () => {})).toThrow();
    again({ disableValidation: true });
    expect(() => db.subscribeQuery(wrong, () => {})).not.toThrow();
    again({ disableValidation: false });
    expect(() => db.subscribeQuery(wrong, () => {})).toThrow();
  });

  test('of logging shows no secret of the database either, and is heard by what nobody subscribes to', async () => {
    const { address } = await fakeInstant();
    const options = { instanceKey: freshKey(), adminToken: id() };
    const db = open(address, options);
    const lines: string[] = [];
    const log = (...words: unknown[]): unknown => lines.push(inspect(words, { depth: 9 }));
    init({ ...address, ...options, verbose: true, logger: { info: log, debug: log, error: log } });
    await db.ready();
    expect(lines.join()).toContain('[send]');
    expect(lines.join()).not.toContain(options.adminToken);
    (db._reactor as unknown as Inner).report(new InstantNodeError('storage', 'Told to nobody else'));
    expect(lines.at(-1)).toContain('Told to nobody else');
  });

  test('as queryCacheLimit keeps fewer answers, or more, from then on', async () => {
    const options = { ...(await serveApp()), instanceKey: freshKey(), queryCacheLimit: 3 };
    const db = open(options, options);
    const inner = db._reactor as unknown as Inner;
    const stored = (): Promise<string[]> => inner.querySubs._persister.getAllKeys();
    const keep = async (limit: number): Promise<number> => {
      init({ ...options, schema, queryCacheLimit: limit });
      for (let number = 1; number <= 6; number++) {
        await new Promise<void>((resolve) => {
          const query = { goals: { $: { where: { title: `${limit} ${number}` } } } };
          const stop = db.subscribeQuery(query, ({ data }) => {
            if (!data) return;
            queueMicrotask(() => stop());
            resolve();
          });
        });
      }
      await inner.flush();
      return (await stored()).filter((key) => key !== '__meta').length;
    };
    expect(await keep(3)).toBe(3);
    expect(await keep(5)).toBe(5);
    expect(await keep(1)).toBe(1);
  });

  test.each([
    ['keepAlive', true, false],
    ['keepAlive', false, true],
    ['whenStorageLocked', 'fail', 'wait'],
  ])(
    'as "%s" is refused with "invalid-config" when it differs, and nothing else is adopted',
    async (name, now, given) => {
      const { address } = await fakeInstant();
      const options = { ...address, instanceKey: freshKey(), schema };
      const db = open(address, { ...options, [name]: now });
      for (const same of [{}, { [name]: now }, { [name]: undefined }])
        expect(init({ ...options, ...same })).toBe(db);
      expect(() => init({ ...options, [name]: given, disableValidation: true })).toThrow(
        expect.objectContaining({
          code: 'invalid-config',
          message: `Cannot open a database: option "${name}" is ${JSON.stringify(given)}, and the database that is open with the same options has ${JSON.stringify(now)}`,
        }),
      );
      expect(() => db.subscribeQuery({ nothing: {} } as never, () => {})).toThrow();
      await db.close({ timeoutMs: 0 });
      const next = open(address, { ...options, [name]: given });
      expect(next).not.toBe(db);
    },
  );

  test('and one that is left out changes nothing: neither the schema nor what was adopted', async () => {
    const { address } = await fakeInstant();
    const options = { ...address, instanceKey: freshKey() };
    const db = open(address, { ...options, keepAlive: false, disableValidation: false, queryCacheLimit: 3 });
    expect(init(options)).toBe(db);
    expect(() => db.subscribeQuery({ nothing: {} } as never, () => {})).toThrow();
    expect(db._reactor.config.schema).toEqual(schema);
    expect(db._reactor.queryCacheLimit).toBe(3);
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
