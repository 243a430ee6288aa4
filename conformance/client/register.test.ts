import { inspect } from 'node:util';
import { i, id, init, nodeVersion } from '@instantdb/node';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { eventIdOf, freshKey, open, serveApp } from '../support/open.ts';
import { shownIn } from '../support/printed.ts';
import { goal, schema } from '../support/schema.ts';
import { hasSqlite, temporaryFolder } from '../support/sqlite.ts';

const KEY = Symbol.for('@instantdb/node databases');
const nowhere = {
  appId: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
  apiURI: 'http://127.0.0.1:1',
  websocketURI: 'ws://127.0.0.1:1/none',
};

/** Another copy of the package, as a test runner that resets modules loads it, or `bun --hot`. */
async function anotherCopy(version: string = nodeVersion): Promise<typeof import('@instantdb/node')> {
  vi.resetModules();
  vi.doMock('../../src/version.ts', () => ({ nodeVersion: version }));
  try {
    const copy = await import('@instantdb/node');
    expect(copy.init).not.toBe(init);
    expect(copy.nodeVersion).toBe(version);
    return copy;
  } finally {
    vi.doUnmock('../../src/version.ts');
  }
}

function withGlobal(value: PropertyDescriptor): void {
  const before = Object.getOwnPropertyDescriptor(globalThis, KEY);
  Object.defineProperty(globalThis, KEY, { configurable: true, ...value });
  onTestFinished(() => {
    Reflect.deleteProperty(globalThis, KEY);
    if (before) Object.defineProperty(globalThis, KEY, before);
  });
}

const storages = ['filesystem', ...(hasSqlite ? (['sqlite'] as const) : [])] as ('filesystem' | 'sqlite')[];
const placeOf = (storage: 'filesystem' | 'sqlite') => ({ storage, storagePath: `${temporaryFolder()}/data` });

describe('another copy of the same version', () => {
  test.each(['memory', ...storages] as const)(
    'has the database that is open on storage "%s"',
    async (storage) => {
      const copy = await anotherCopy();
      const options = {
        ...nowhere,
        instanceKey: freshKey(),
        ...(storage === 'memory' ? {} : { ...placeOf(storage), encryptionKey: 'correct horse battery' }),
      };
      const db = open(nowhere, { schema: undefined, ...options } as never);
      expect(copy.init(options)).toBe(db);
      // The first copy forgets what the second has closed, and the second what the first has.
      await copy.init(options).close({ timeoutMs: 0 });
      const next = copy.init(options);
      onTestFinished(() => next.close({ timeoutMs: 0 }));
      expect(next).not.toBe(db);
      expect(init(options)).toBe(next);
      if (storage === 'memory') return;
      expect(() => init({ ...options, encryptionKey: 'another passphrase' })).toThrow(
        expect.objectContaining({ code: 'storage-locked' }),
      );
    },
  );

  test('has it with the schema that it was given', async () => {
    const copy = await anotherCopy();
    const options = { ...(await serveApp()), instanceKey: freshKey() };
    const db = open(options, options);
    const wider = i.schema({ entities: { ...schema.entities, notes: i.entity({ text: i.string() }) } });
    const same = copy.init({ ...options, schema: wider });
    expect(same).toBe(db);
    const write = same.tx.notes[id()]?.update({ text: 'of the second copy' });
    const result = await same.transact(write ?? []);
    expect(eventIdOf(result)).toBeDefined();
    const { data } = await db.queryOnce({ notes: {} } as never);
    expect(data).toMatchObject({ notes: [{ text: 'of the second copy' }] });
    expect(db.stats().connections).toBe(1);
  });

  test('tells apart classes and networks that it numbers in another order', async () => {
    const copy = await anotherCopy();
    const offline = () => ({ getIsOnline: async () => false, listen: () => undefined });
    const [one, two] = [offline(), offline()];
    const options = { ...nowhere, instanceKey: freshKey() };
    const db = open(nowhere, { ...options, network: one });
    const other = copy.init({ ...options, schema, network: two });
    onTestFinished(() => other.close({ timeoutMs: 0 }));
    expect(other).not.toBe(db);
    expect(copy.init({ ...options, network: one })).toBe(db);
    expect(init({ ...options, network: two })).toBe(other);
  });

  test('lets the callbacks of the first be ended, and goes on with its own', async () => {
    const options = { ...(await serveApp()), instanceKey: freshKey() };
    const heard: string[] = [];
    const stop = open(options, options).subscribeQuery({ goals: {} }, () => heard.push('first'));
    const copy = await anotherCopy();
    const db = copy.init({ ...options, schema });
    await new Promise<void>((resolve) => {
      db.subscribeQuery({ goals: {} }, ({ data }) => data && resolve());
    });
    stop();
    heard.length = 0;
    const told = new Promise<void>((resolve) => {
      db.subscribeQuery({ goals: {} }, ({ data }) => data?.goals.length === 1 && resolve());
    });
    await db.transact(goal(id()).update({ title: 'Hot' }));
    await told;
    expect(heard).toEqual([]);
  });
});

describe('a copy of another version', () => {
  const mine = expect.stringContaining(`this is ${nodeVersion} at "`);

  test('has a database of its own in memory', async () => {
    const copy = await anotherCopy('0.0.9');
    const options = { ...nowhere, instanceKey: freshKey() };
    const db = copy.init(options);
    onTestFinished(() => db.close({ timeoutMs: 0 }));
    const own = open(nowhere, options);
    expect(own).not.toBe(db);
    expect(copy.init(options)).toBe(db);
    expect(open(nowhere, options)).toBe(own);
  });

  test.each(storages)('keeps its storage "%s", and both versions and files are named', async (storage) => {
    const copy = await anotherCopy('0.0.9');
    const options = { ...nowhere, instanceKey: freshKey(), ...placeOf(storage) };
    const db = copy.init(options);
    onTestFinished(() => db.close({ timeoutMs: 0 }));
    expect(() => open(nowhere, options)).toThrow(
      expect.objectContaining({
        code: 'storage-locked',
        message: mine,
        hint: expect.stringContaining('npm ls'),
      }),
    );
    expect(() => open(nowhere, options)).toThrow(
      new RegExp(`${options.storagePath}.*0\\.0\\.9 at ".*register\\.ts.*" has it open in this process`),
    );
    // Where it waits, it has it next.
    const waiting = open(nowhere, { ...options, whenStorageLocked: 'wait' });
    const loaded = waiting.getLocalId('here');
    await db.close({ timeoutMs: 0 });
    await loaded;
    await waiting.close({ timeoutMs: 0 });
    await open(nowhere, options).getLocalId('here');
  });
});

describe('what somebody else has put in its place', () => {
  const malformed: [string, PropertyDescriptor][] = [
    ['no list', { value: 'theirs' }],
    ['nothing', { value: null }],
    [
      'an accessor',
      {
        get: () => {
          throw new Error('Not to be read');
        },
      },
    ],
    [
      'records that are none',
      {
        value: [
          null,
          7,
          'text',
          {},
          [],
          { version: nodeVersion },
          { version: nodeVersion, isSame: true, close: () => {} },
          { version: 7, file: {} },
          { version: '9.9.9', file: 'x', options: null },
          { version: '9.9.9', file: 'x', options: 'storage' },
          new Proxy(
            {},
            {
              get: () => {
                throw new Error('Not to be read');
              },
            },
          ),
          Object.freeze({ version: '9.9.9', file: 'x', database: {}, options: { storage: 'memory' } }),
        ],
      },
    ],
    ['what cannot be changed', { value: 'fixed', writable: false }],
  ];
  test.each(malformed)('%s is left as it is, and databases open and are found', async (_, descriptor) => {
    withGlobal(descriptor);
    for (const place of [{}, placeOf('filesystem')]) {
      const options = { instanceKey: freshKey(), ...place };
      const db = open(nowhere, options);
      expect(open(nowhere, options)).toBe(db);
      await db.close({ timeoutMs: 0 });
      expect(open(nowhere, options)).not.toBe(db);
    }
    const { value } = descriptor;
    const there = Object.getOwnPropertyDescriptor(globalThis, KEY);
    if (Array.isArray(value)) expect(there?.value).toEqual(expect.arrayContaining(value.slice(1, 5)));
    else expect([there?.value, there?.get]).toEqual([value, descriptor.get]);
  });
});

test('nothing secret is found from it, and nobody finds it who does not know it', async () => {
  const adminToken = `canary-${id()}`;
  const encryptionKey = `canary-${id()}`;
  const options = { adminToken, encryptionKey, ...placeOf('filesystem') };
  open(nowhere, options);
  const records = Reflect.get(globalThis, KEY) as object[];
  expect(Object.keys(globalThis)).not.toContain(KEY);
  expect(Object.getOwnPropertyDescriptor(globalThis, KEY)?.enumerable).toBe(false);
  expect(Object.isFrozen(records) && records.every(Object.isFrozen)).toBe(true);
  expect(shownIn('the register', records, { adminToken, encryptionKey })).toEqual([]);
  expect(inspect(records.at(-1), { depth: 1 })).toContain(options.storagePath);
});
