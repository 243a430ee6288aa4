import { connect } from 'node:net';
import { i } from '@instantdb/core';
import { describe, expect, test } from 'vitest';
import { isInstantNodeError } from '../errors.ts';
import { type Backend, type BackendLogEntry, startBackend } from './index.ts';
import { RawSession } from './testing/raw-session.ts';
import { createTodoApp, todoSchema } from './testing/todos.ts';

const attempt = async (work: () => unknown): Promise<unknown> => {
  try {
    return await work();
  } catch (error) {
    return error;
  }
};

describe('startBackend()', () => {
  test('says where it listens, on this machine alone by default', async () => {
    await using backend = await startBackend();
    expect(backend.port).toBeGreaterThan(0);
    expect(backend.url).toBe(`http://127.0.0.1:${backend.port}`);
    expect(backend.websocketURI).toBe(`ws://127.0.0.1:${backend.port}/runtime/session`);
    expect((await fetch(`${backend.url}/health`)).status).toBe(200);
  });

  test('tells its log where it listens, and nothing more while all is well', async () => {
    const log: BackendLogEntry[] = [];
    await using backend = await startBackend({ log: (entry) => log.push(entry) });
    const { app } = createTodoApp(backend);
    await (await RawSession.init(backend, app, { '__admin-token': app.adminToken })).close();
    expect(log).toEqual([{ level: 'info', message: `Listening on ${backend.url}` }]);
  });

  test('gives an address that can be connected to when it listens everywhere', async () => {
    await using backend = await startBackend({ host: '0.0.0.0' });
    expect(backend.url).toBe(`http://127.0.0.1:${backend.port}`);
  });

  test.each<[string, unknown, string]>([
    ['host', '', 'a host name or an IP address'],
    ['host', 7, 'a host name or an IP address'],
    ['port', '80', 'an integer from 0 to 65535'],
    ['port', 65_536, 'an integer from 0 to 65535'],
    ['port', -1, 'an integer from 0 to 65535'],
    ['port', 1.5, 'an integer from 0 to 65535'],
    ['maxNewcomers', 0, 'a positive integer'],
    ['maxNewcomersPerAddress', 1.5, 'a positive integer'],
    ['initTimeoutMs', 0, 'milliseconds, from 1 to 2147483647'],
    ['bodyIdleMs', 2 ** 31, 'milliseconds, from 1 to 2147483647'],
    ['sliceMs', -1, 'milliseconds, 0 or more'],
    ['sliceMs', Number.NaN, 'milliseconds, 0 or more'],
    ['now', 5, 'a function'],
    ['log', {}, 'a function'],
    ['allowHosts', 'a.test', 'got "a.test", wanted an array of host names'],
    ['allowHosts', ['a.test', 'b.test:80'], 'got ["a.test", "b.test:80"], wanted an array of host names'],
    ['allowHosts', [7], 'an array of host names or IP addresses, without a port'],
    ['allowOrigins', ['example.com'], 'an array of origins'],
    ['allowOrigins', ['null'], 'an array of origins'],
    ['allowOrigins', ['https://example.com/path'], 'an array of origins'],
    ['allowProviders', ['http://localhost:80/.well-known/openid-configuration'], 'an array of origins'],
    ['ephemeralApps', 5, 'true, false, or an object with maxApps and maxBytes'],
    ['prot', 80, 'there is none'],
    ['constructor', 80, 'there is none'],
  ])('refuses %s: %j, and names it', async (name, value, wanted) => {
    const error = await attempt(() => startBackend({ [name]: value }));
    expect(isInstantNodeError(error, 'invalid-config')).toBe(true);
    expect(String(error)).toContain(`option "${name}" of startBackend`);
    expect(String(error)).toContain(wanted);
  });

  test.each<[object, string]>([
    [{ maxApps: 0 }, 'option "maxApps" of option "ephemeralApps" of startBackend: got 0, wanted a positive'],
    [{ maxBytes: '1' }, 'option "maxBytes" of option "ephemeralApps" of startBackend: got "1", wanted'],
    [{ max: 1 }, 'option "max" of option "ephemeralApps" of startBackend: there is none'],
    [[], 'option "ephemeralApps" of startBackend: got []'],
  ])('refuses ephemeralApps: %j', async (ephemeralApps, message) => {
    const error = await attempt(() => startBackend({ ephemeralApps }));
    expect(isInstantNodeError(error, 'invalid-config')).toBe(true);
    expect(String(error)).toContain(message);
  });

  test.each([null, 7, 'x', []])('refuses %j for options', async (options) => {
    const error = await attempt(() => startBackend(options as never));
    expect(isInstantNodeError(error, 'invalid-config')).toBe(true);
  });

  test('fails with "backend" when the port is taken, and the port is free again after close()', async () => {
    const first = await startBackend();
    const error = await attempt(() => startBackend({ port: first.port }));
    expect(isInstantNodeError(error, 'backend')).toBe(true);
    expect(String(error)).toContain(`port ${first.port}`);
    await first.close();
    const second = await startBackend({ port: first.port });
    expect(second.port).toBe(first.port);
    await second.close();
  });
});

test('entities keep the order of their creation, in one millisecond and when the clock is put back a little', async () => {
  let now = Date.parse('2026-01-02T03:04:05Z');
  await using backend = await startBackend({ now: () => now });
  const { app, put } = createTodoApp(backend);
  const session = await RawSession.init(backend, app, { '__admin-token': app.adminToken });
  const texts = Array.from({ length: 20 }, (_, at) => `${at}`);
  for (const text of texts) {
    if (text === '10') now -= 500;
    const steps = put('todos', crypto.randomUUID(), { text });
    expect((await session.ask({ op: 'transact', 'tx-steps': steps })).op).toBe('transact-ok');
  }
  const { result } = await session.ask({ op: 'add-query', q: { todos: {} }, 'return-type': 'tree' });
  expect((result as { todos: { text: string }[] }).todos.map(({ text }) => text)).toEqual(texts);
  await session.close();
});

describe('close()', () => {
  test('ends open sessions with 1001, resolves, and can be called again', async () => {
    const backend = await startBackend();
    const { app } = createTodoApp(backend);
    const sessions = await Promise.all([1, 2, 3].map(() => RawSession.init(backend, app)));
    const silent = await RawSession.open(backend.websocketURI);
    await Promise.all([backend.close(), backend.close()]);
    for (const session of [...sessions, silent]) expect(await session.closed).toMatchObject({ code: 1001 });
    await backend.close();
    await expect(RawSession.open(backend.websocketURI)).rejects.toThrow('Cannot connect');
  });

  test('resolves when a peer takes no part in closing', async () => {
    const backend = await startBackend();
    const socket = connect(backend.port, '127.0.0.1');
    const handshake = [
      'GET /runtime/session HTTP/1.1',
      'Host: localhost',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
    ];
    socket.write(`${handshake.join('\r\n')}\r\n\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.on('error', () => {});
    await backend.close();
    socket.destroy();
  });

  test('resolves while a refresh is still due', async () => {
    const backend = await startBackend();
    const { app, attr } = createTodoApp(backend);
    const session = await RawSession.init(backend, app);
    await session.ask({ op: 'add-query', q: { todos: {} } });
    const id = crypto.randomUUID();
    app.load({ triples: [[id, attr('todos', 'id'), id, 1]] });
    await backend.close();
    await session.closed;
  });
});

describe('createApp()', () => {
  const withBackend = async (work: (backend: Backend) => void): Promise<void> => {
    await using backend = await startBackend();
    work(backend);
  };

  test('takes an id and a title, and gives every app a token of its own', () =>
    withBackend((backend) => {
      const id = 'ABCDEF00-0000-0000-0000-000000000000';
      const app = backend.createApp({ id, title: 'Mine' });
      expect(app).toMatchObject({ id: id.toLowerCase(), title: 'Mine', status: 'active' });
      expect(backend.createApp().adminToken).not.toBe(app.adminToken);
      expect(() => backend.createApp({ id })).toThrow('exists already');
    }));

  const link = (to: string, more: object = {}): object => ({
    forward: { on: 'todos', has: 'one', label: 'owner', ...more },
    reverse: { on: to, has: 'many', label: 'todos' },
  });
  const entities = { todos: { attrs: {} }, $users: { attrs: {} } };
  const required = { valueType: 'string', required: true, config: {} };

  test.each([
    [{ entities, links: { owner: link('people') } }, 'connects to non existing entity "people"'],
    [
      { entities, links: { owner: link('$users', { on: 'lists' }) } },
      'connects to non existing entity "lists"',
    ],
    [{ entities: { $mine: { attrs: {} } }, links: {} }, "You can't create '$mine'. Perhaps call it 'mine'"],
    [
      { entities: { $users: { attrs: { age: required } } }, links: {} },
      'Make sure to set $users.age as optional',
    ],
    [
      { entities, links: { owner: link('todos', { on: '$users', required: true }) } },
      "can't modify required",
    ],
    [{ entities, links: { a: link('$users'), b: link('$users') } }, 'Duplicate entry found for attribute'],
    [{ entities, links: { a: link('$users', { has: 'many', onDelete: 'cascade' }) } }, 'Cascade delete'],
  ])('refuses a schema as instant-cli push and the server do: %j', async (schema, message) => {
    await using backend = await startBackend();
    expect(() => backend.createApp({ schema })).toThrow(
      expect.objectContaining({ code: 'invalid-config', message: expect.stringContaining(message) }),
    );
    expect(backend.apps()).toEqual([]);
  });

  test('creates a namespace that has no attributes', async () => {
    await using backend = await startBackend();
    const schema = i.schema({ entities: { notes: i.entity({}) } });
    const { attrs } = backend.createApp({ schema }).snapshot();
    expect(attrs.map((attr) => attr['forward-identity'].slice(1))).toEqual([['notes', 'id']]);
  });

  test('warns of what the server takes without a word, and has no effect or always fails', async () => {
    const warnings: string[] = [];
    const log = ({ level, message }: BackendLogEntry) => level === 'warning' && warnings.push(message);
    const backend = await startBackend({ log });
    const schema = i.schema({ entities: { todos: i.entity({ text: i.string() }) } });
    const todos = {
      allow: { veiw: 'false', update: "newData.ref('owner.id') == []", link: { owner: 'nothing == 1' } },
      field: { text: 'false' },
      fields: { txet: 'false' },
    };
    const app = backend.createApp({ schema, rules: { todos } as object });
    expect(warnings).toEqual([
      expect.stringContaining('`todos.field` has no effect'),
      expect.stringContaining('`todos.allow.veiw` has no effect'),
      expect.stringContaining('todos has no "txet"'),
      expect.stringContaining('todos has no "owner"'),
      expect.stringContaining('`newData.ref`'),
      expect.stringContaining("undeclared reference to 'nothing'"),
    ]);
    warnings.length = 0;
    app.setRules({
      todos: { bind: { a: 'true' }, allow: { view: 'a', $default: 'true' }, fields: { text: 'a' } },
    });
    expect(warnings).toEqual([]);
    app.setRules({ $default: { allow: { creat: 'false' } } });
    expect(warnings).toEqual([expect.stringContaining('`$default.allow.creat` has no effect')]);
    warnings.length = 0;
    app.setRules({ todo: { allow: { view: 'false' } }, attrs: { allow: { create: 'false' } } });
    expect(warnings).toEqual([expect.stringMatching(/`todo` has no effect yet: .*Did you mean "todos"\?/)]);
    await backend.close();
  });

  test('warns of default rules that do not compile for an action that they are asked for', async () => {
    const warnings: string[] = [];
    const log = ({ level, message }: BackendLogEntry) => level === 'warning' && warnings.push(message);
    await using backend = await startBackend({ log });
    const app = backend.createApp();
    app.setRules({
      todos: { allow: { view: 'true', create: 'true', $default: 'newData.text != null' } },
      lists: { bind: { mine: 'auth.id == data.owner' }, allow: { $default: 'mine' } },
      $default: { allow: { view: 'true', create: 'true', update: 'true', $default: 'nothing' } },
    });
    expect(warnings).toEqual([
      expect.stringMatching(/`todos\.allow\.\$default` fails whenever it is asked for delete: .*'newData'/),
      expect.stringMatching(
        /`\$default\.allow\.\$default` fails whenever it is asked for delete: .*'nothing'/,
      ),
    ]);
    warnings.length = 0;
    const refs = "newData.ref('owner.id') == []";
    app.setRules({ todos: { allow: { view: 'true', create: 'true', delete: 'true', $default: refs } } });
    expect(warnings).toEqual([expect.stringContaining('`todos.allow.$default` fails whenever it comes to')]);
  });

  test('takes a schema as i.schema gives it, or as JSON', () =>
    withBackend((backend) => {
      const schema = i.schema({
        entities: {
          posts: i.entity({ title: i.string().unique().indexed(), at: i.date().optional(), extra: i.any() }),
          $users: i.entity({
            email: i.string().unique().indexed().optional(),
            nickname: i.string().optional(),
          }),
        },
        links: {
          postAuthor: {
            forward: { on: 'posts', label: 'author', has: 'one', onDelete: 'cascade' },
            reverse: { on: '$users', label: 'posts', has: 'many' },
          },
        },
        rooms: {},
      });
      const names = (it: unknown): unknown =>
        backend
          .createApp({ schema: it })
          .snapshot()
          .attrs.map(({ id: _id, 'forward-identity': [, ...own], 'reverse-identity': reverse, ...rest }) => ({
            name: own.join('.'),
            reverse: reverse?.slice(1).join('.'),
            ...rest,
          }))
          .sort((a, b) => (a.name < b.name ? -1 : 1));
      expect(names(schema)).toEqual(names(JSON.parse(JSON.stringify(schema))));
      expect(names(schema)).toMatchObject([
        { name: '$users.nickname', 'checked-data-type': 'string', 'required?': false },
        { name: 'posts.at', 'checked-data-type': 'date', 'required?': false },
        {
          name: 'posts.author',
          reverse: '$users.posts',
          cardinality: 'one',
          'unique?': false,
          'on-delete': 'cascade',
        },
        { name: 'posts.extra', 'required?': true },
        { name: 'posts.id', 'unique?': true, 'index?': false },
        {
          name: 'posts.title',
          'unique?': true,
          'index?': true,
          'required?': true,
          'checked-data-type': 'string',
        },
      ]);
    }));

  test.each<[string, unknown]>([
    ['id', 'x'],
    ['id', 7],
    ['title', ' '],
    ['schema', 'x'],
    ['schema', { entities: { a: 1 } }],
    ['schema', { links: { a: {} } }],
    ['schema', {}],
    ['schema', { todos: { allow: { view: 'true' } } }],
    ['rules', { todos: { allow: { view: '(' } } }],
    ['rules', 'x'],
    ['name', 'x'],
  ])('refuses %s: %j, and names it', (name, value) =>
    withBackend((backend) => {
      let error: unknown;
      try {
        backend.createApp({ [name]: value });
      } catch (thrown) {
        error = thrown;
      }
      expect(isInstantNodeError(error, 'invalid-config')).toBe(true);
      expect(String(error)).toContain(`option "${name}" of createApp`);
    }),
  );
});

test('createApp() and setRules() say where the rules cannot be used', async () => {
  await using backend = await startBackend();
  const rules = { todos: { allow: { view: 'true', create: 'auth.id ==' } } };
  const refusals = [
    await attempt(() => backend.createApp({ rules })),
    await attempt(() => backend.createApp().setRules(rules)),
  ];
  for (const refusal of refusals) expect(String(refusal)).toContain('todos.allow.create: ');
});

test('setStatus() refuses a status that there is not', async () => {
  await using backend = await startBackend();
  const app = backend.createApp();
  const error = await attempt(() => app.setStatus('readonly' as never));
  expect(isInstantNodeError(error, 'invalid-config')).toBe(true);
  expect(String(error)).toContain('"readonly": it is one of "active", "read-only", "disabled"');
  expect(app.status).toBe('active');
});

test('a token that cannot be used is not named', async () => {
  const error = await attempt(() => startBackend({ personalAccessToken: 'a short one' }));
  expect(isInstantNodeError(error, 'invalid-config')).toBe(true);
  expect(String(error)).toContain('"personalAccessToken"');
  expect(String(error)).not.toContain('a short one');
});

test('createApp() refuses once the backend is closed', async () => {
  const backend = await startBackend();
  const closing = backend.close();
  const error = await attempt(() => backend.createApp());
  expect(isInstantNodeError(error, 'closed')).toBe(true);
  await closing;
});

describe('load() and snapshot()', () => {
  test('give back what went in, whatever the order', async () => {
    await using backend = await startBackend();
    const { app, attr } = createTodoApp(backend);
    const ids = Array.from({ length: 5 }, () => crypto.randomUUID());
    for (const [n, id] of ids.entries()) {
      app.load({
        triples: [
          [id, attr('todos', 'text'), { n: [n, null] }, n],
          [id, attr('todos', 'id'), id, n],
        ],
      });
    }
    const snapshot = app.snapshot();
    expect(snapshot.triples).toHaveLength(10);
    const copy = backend.createApp();
    copy.load({ attrs: snapshot.attrs, triples: [...snapshot.triples].reverse() });
    expect(copy.snapshot()).toEqual(snapshot);
    (snapshot.triples[0] as unknown[])[2] = 'changed';
    expect(copy.snapshot()).not.toEqual(snapshot);
  });

  test.each<[string, unknown, string]>([
    ['no data set', 7, 'expected { attrs, triples }'],
    ['attrs that are no list', { attrs: {} }, '"attrs"'],
    ['an attr that is none', { attrs: [{ id: 'x' }] }, '"attrs" at 0'],
    ['a triple that is none', { triples: [['a']] }, '"triples" at 0'],
    [
      'a triple of an unknown attribute',
      { triples: [[crypto.randomUUID(), crypto.randomUUID(), 1, 1]] },
      'is not known',
    ],
  ])('refuse %s, and load nothing', async (_case, data, named) => {
    await using backend = await startBackend();
    const app = backend.createApp({ schema: todoSchema });
    const before = app.snapshot();
    const error = await attempt(() => app.load(data as never));
    expect(isInstantNodeError(error, 'invalid-config')).toBe(true);
    expect(String(error)).toContain(named);
    expect(app.snapshot()).toEqual(before);
  });
});

test('an onRequest that throws fails nobody, and is told of', async () => {
  const failures: unknown[] = [];
  const failure = new Error('the disk of the log is full');
  await using backend = await startBackend({
    log: ({ error }) => void (error && failures.push(error)),
    onRequest() {
      throw failure;
    },
  });
  const app = backend.createApp();
  expect((await fetch(`${backend.url}/dash/cli/version`)).status).toBe(200);
  const session = await RawSession.init(backend, app);
  expect((await session.ask({ op: 'add-query', q: { todos: {} } })).op).toBe('add-query-ok');
  await session.close();
  expect(failures).toEqual([failure, failure, failure]);
});
