import { id, init, isInstantNodeError } from '@instantdb/node';
import * as isows from 'isows';
import { expect, test } from 'vitest';
import { behindProxy, environment, PASSWORD, through } from '../support/behind-proxy.ts';
import { authority, clientCertificate } from '../support/certificates.ts';
import { tlsBefore } from '../support/connect-proxy.ts';
import { inbox } from '../support/inbox.ts';
import { addressOf, freshKey, open } from '../support/open.ts';
import { shownIn } from '../support/printed.ts';
import { runtime } from '../support/runtime.ts';
import { goal, schema } from '../support/schema.ts';
import { listen } from '../support/socket-server.ts';

test.each([
  ['https:, through a proxy', 'https://instant.test', 'http', ['CONNECT instant.test:443']],
  [
    'https:, through a proxy that is reached by TLS',
    'https://instant.test',
    'https',
    ['CONNECT instant.test:443'],
  ],
  [
    'http:, through a proxy',
    'http://instant.test',
    'http',
    [
      'CONNECT instant.test:80',
      'POST http://instant.test/runtime/auth/send_magic_code',
      'PUT http://instant.test/storage/upload',
    ],
  ],
])('session, sign-in and files go by %s', async (_way, apiURI, scheme, wanted) => {
  environment({});
  const { app, appId, backend, proxy } = await behindProxy({ isSecure: scheme === 'https' });
  const db = open(
    { appId, apiURI, websocketURI: `${apiURI.replace('http', 'ws')}/runtime/session` },
    { connection: { proxy: through(proxy, scheme), tls: { ca: authority } } },
  );
  await db.ready();
  const written = id();
  expect(await db.transact(goal(written).create({ title: 'through' }))).toMatchObject({ status: 'synced' });
  await db.auth.sendMagicCode({ email: 'a@b.test' });
  const { user } = await db.auth.signInWithMagicCode({
    email: 'a@b.test',
    code: app.magicCode('a@b.test') ?? '',
  });
  expect(user.email).toBe('a@b.test');
  const content = `a file of ${'many '.repeat(50_000)}bytes`;
  const { data } = await db.storage.uploadFile('a.txt', new Blob([content], { type: 'text/plain' }));
  expect(data.id).toBeTypeOf('string');
  const { pathname, search } = new URL(await db.storage.getDownloadUrl('a.txt'));
  expect(await (await fetch(`${backend.url}${pathname}${search}`)).text()).toBe(content);
  await db.storage.delete('a.txt');
  await db.auth.signOut();
  const seen = proxy.seen.map(({ method, target }) => `${method} ${target}`);
  expect([...new Set(seen)]).toEqual(expect.arrayContaining(wanted));
  // The session, and its renewal for the user who came and the one who left.
  expect(seen.filter((one) => one === wanted[0]).length).toBeGreaterThan(1);
  expect(new Set(proxy.seen.map(({ user: name }) => name))).toEqual(new Set([`user:${PASSWORD}`]));
});

test("core's error comes of a refusal, whatever the way", async () => {
  environment({});
  const { appId, proxy } = await behindProxy();
  const db = open(
    { appId, apiURI: 'https://instant.test', websocketURI: 'wss://instant.test/runtime/session' },
    { connection: { proxy: through(proxy), tls: { ca: authority } } },
  );
  const refusal = db.auth.signInWithMagicCode({ email: 'a@b.test', code: '000000' });
  await expect(refusal).rejects.toMatchObject({ name: 'InstantAPIError', status: 400 });
});

test.each([
  ['HTTPS_PROXY', 'https://instant.test'],
  ['https_proxy', 'https://instant.test'],
  ['HTTP_PROXY', 'http://instant.test'],
  ['all_proxy', 'https://instant.test'],
])('%s is gone by', async (variable, apiURI) => {
  const { appId, proxy } = await behindProxy();
  environment({ [variable]: through(proxy) });
  const db = open(
    { appId, apiURI, websocketURI: `${apiURI.replace('http', 'ws')}/runtime/session` },
    { connection: { tls: { ca: authority } } },
  );
  await db.ready();
  await db.auth.sendMagicCode({ email: 'a@b.test' });
  expect(proxy.seen.length).toBeGreaterThan(1);
});

test.each<[string, Record<string, string>, string]>([
  ['a loopback address', {}, ''],
  ['a host of NO_PROXY', { NO_PROXY: 'other.test,instant.test' }, 'https://instant.test'],
  ['a host of no_proxy', { no_proxy: '.test' }, 'https://instant.test'],
  ['any host, with proxy: false', { NO: '' }, 'https://instant.test'],
])('%s is reached without the proxy of the environment', async (_what, variables, named) => {
  const { backend, appId, proxy } = await behindProxy();
  environment({ HTTPS_PROXY: through(proxy), HTTP_PROXY: through(proxy), ...variables });
  const apiURI = named || backend.url;
  const websocketURI = `${apiURI.replace('http', 'ws')}/runtime/session`;
  const db = open({ appId, apiURI, websocketURI }, { connection: 'NO' in variables ? { proxy: false } : {} });
  const errors = inbox<Error>();
  db.subscribeErrors(errors.push);
  const asked = db.auth.sendMagicCode({ email: 'a@b.test' });
  if (named) {
    await expect(asked).rejects.toMatchObject({ code: 'connection-failed' });
    await errors.next();
  } else {
    await asked;
    await db.ready();
  }
  expect(proxy.seen).toEqual([]);
});

test.each([407, 400])(
  'a proxy that refuses with %i is named with that, and its password never',
  async (status) => {
    environment({});
    const { appId, proxy } = await behindProxy({ refuse: () => status });
    const logged: unknown[] = [];
    const log = (...args: unknown[]): void => void logged.push(args);
    const db = open(
      { appId, apiURI: 'https://instant.test', websocketURI: 'wss://instant.test/runtime/session' },
      {
        connection: { proxy: through(proxy), headers: { 'x-gate': 'a-secret-of-a-gate' } },
        logger: { info: log, debug: log, error: log },
        verbose: true,
      },
    );
    const errors = inbox<Error>();
    db.subscribeErrors(errors.push);
    const told = await errors.next();
    expect(`${told.message} ${(told.cause as Error | undefined)?.message}`).toContain(`answered ${status}`);
    const refusal: unknown = await db.auth.sendMagicCode({ email: 'a@b.test' }).catch((error) => error);
    expect(isInstantNodeError(refusal, 'connection-failed')).toBe(true);
    expect(String(refusal)).toContain(`the proxy "http://localhost:${proxy.port}" answered ${status}`);
    const secrets = {
      password: PASSWORD,
      encoded: encodeURIComponent(PASSWORD),
      credentials: Buffer.from(`user:${PASSWORD}`).toString('base64'),
      header: 'a-secret-of-a-gate',
    };
    for (const [what, value] of Object.entries({ told, refusal, logged, db })) {
      expect(shownIn(what, value, secrets)).toEqual([]);
    }
  },
);

test('a proxy that is not there is named', async () => {
  environment({});
  const db = open(
    { appId: id(), apiURI: 'https://instant.test', websocketURI: 'wss://instant.test/runtime/session' },
    { connection: { proxy: 'http://localhost:9' } },
  );
  db.subscribeErrors(() => {});
  const refusal: unknown = await db.auth.sendMagicCode({ email: 'a@b.test' }).catch((error) => error);
  expect(String(refusal)).toContain('no answer from the proxy "http://localhost:9" (ECONNREFUSED)');
});

test('a second init with another option of connection throws, naming it and no value', async () => {
  environment({});
  const { appId, backend } = await behindProxy();
  const connection = {
    headers: { 'x-gate': 'a-secret-of-a-gate' },
    proxy: 'http://user:a-password@localhost:9',
    tls: { ca: authority },
    silenceMs: 1_000,
  };
  const options = { ...addressOf(backend), appId, instanceKey: freshKey() };
  const db = open(options, { ...options, connection });
  db.subscribeErrors(() => {});
  expect(init({ ...options, schema, connection: structuredClone(connection) })).toBe(db);
  expect(init({ ...options, schema, connection: { silenceMs: 1_000 } })).toBe(db);
  expect(init({ ...options, schema })).toBe(db);
  const others = {
    headers: { 'x-gate': 'another-secret' },
    proxy: 'http://user:another-password@localhost:9',
    tls: { ca: [authority] },
    silenceMs: 2_000,
    WebSocket: 'native' as const,
  };
  for (const [name, value] of Object.entries(others)) {
    let thrown: unknown;
    try {
      init({
        ...options,
        schema,
        connection: (name === 'WebSocket' ? { [name]: value } : { ...connection, [name]: value }) as never,
      });
    } catch (error) {
      thrown = error;
    }
    expect(isInstantNodeError(thrown, 'invalid-config'), name).toBe(true);
    expect(String(thrown)).toContain(`"connection.${name}"`);
    expect(String(thrown)).not.toMatch(/secret|password|BEGIN/);
  }
});

/** A class with the standard's members, as a user may have one. */
class OwnWebSocket extends (globalThis.WebSocket ?? isows.WebSocket) {}

test.each([
  ['native', 'native' as const],
  ['a class', OwnWebSocket],
])('%s of WebSockets does the main job, and lets go', async (_name, WebSocket) => {
  environment({});
  const { backend, app } = await behindProxy();
  const db = open(addressOf(backend, app), { connection: { WebSocket } });
  await db.ready();
  expect(await db.transact(goal(id()).create({ title: 'own' }))).toMatchObject({ status: 'synced' });
  await db.close();
});

test.each([
  ['headers', { headers: { 'x-gate': 'a-secret-of-a-gate' } }],
  ['tls', { tls: { ca: authority } }],
  ['proxy', { proxy: 'http://user:a-password@localhost:9' }],
])('a class that cannot follow option connection.%s is refused', (name, connection) => {
  environment({});
  const address = { appId: id(), apiURI: 'https://instant.test' };
  const opened = (WebSocket: 'native' | typeof OwnWebSocket, EventSource?: unknown) => () =>
    init(
      { ...address, instanceKey: freshKey(), connection: { ...connection, WebSocket } },
      undefined,
      undefined,
      undefined,
      EventSource,
    );
  expect(opened(OwnWebSocket)).toThrow(
    new RegExp(`"connection\\.WebSocket" cannot follow option "connection\\.${name}"`),
  );
  if (runtime !== 'bun') {
    expect(opened('native')).toThrow(expect.objectContaining({ code: 'unsupported-runtime' }));
    expect(opened('native')).toThrow(new RegExp(`cannot follow option "connection\\.${name}"`));
  }
  class OwnEventSource {}
  expect(() =>
    init(
      { ...address, instanceKey: freshKey(), connection },
      undefined,
      undefined,
      undefined,
      OwnEventSource,
    ),
  ).toThrow(new RegExp(`event streams cannot follow option "connection\\.${name}"`));
});

test('what the environment says counts as what an option does', () => {
  environment({ HTTPS_PROXY: 'http://user:a-password@localhost:9' });
  const options = { appId: id(), apiURI: 'https://instant.test', instanceKey: freshKey() };
  expect(() => init({ ...options, connection: { WebSocket: OwnWebSocket } })).toThrow(
    /proxy that the environment names/,
  );
  if (runtime !== 'bun') {
    const refused = expect.objectContaining({ code: 'unsupported-runtime' });
    expect(() => init({ ...options, connection: { WebSocket: 'native' } })).toThrow(refused);
    const direct = { WebSocket: 'native', proxy: false } as const;
    expect(() => init({ ...options, connection: direct })).toThrow(refused);
  }
});

test.runIf(runtime === 'bun')(
  "Bun's own WebSockets go through a proxy, with headers and certificates",
  async () => {
    environment({});
    const { appId, proxy } = await behindProxy();
    const db = open(
      { appId, apiURI: 'https://instant.test', websocketURI: 'wss://instant.test/runtime/session' },
      { connection: { WebSocket: 'native', proxy: through(proxy), tls: { ca: authority } } },
    );
    await db.ready();
    expect(proxy.seen[0]).toEqual({
      method: 'CONNECT',
      target: 'instant.test:443',
      user: `user:${PASSWORD}`,
    });
  },
);

test('headers are sent with the handshake and with calls, and nothing shows them', async () => {
  environment({});
  const heads: string[] = [];
  const server = await listen({
    http: (_path, _body, head) => {
      heads.push(head);
      return { status: 200, body: {} };
    },
    handshake: (head) => {
      heads.push(head);
      return 'accept';
    },
  });
  const header = 'a-secret-of-a-gate';
  const { apiURI, websocketURI } = server;
  const db = open({ appId: id(), apiURI, websocketURI }, { connection: { headers: { 'X-Gate': header } } });
  await server.peers.next();
  await db.auth.sendMagicCode({ email: 'a@b.test' });
  expect(heads.map((head) => /^x-gate: *(.*)$/im.exec(head)?.[1])).toEqual([header, header]);
  expect(shownIn('db', db, { header })).toEqual([]);
});

test('a certificate of the client is shown, and the name of the server can be another', async () => {
  environment({});
  const { backend, appId } = await behindProxy();
  const port = await tlsBefore(Number(new URL(backend.url).port), { asksForCertificate: true });
  const address = {
    appId,
    apiURI: `https://127.0.0.1:${port}`,
    websocketURI: `wss://127.0.0.1:${port}/runtime/session`,
  };
  const tls = { ca: authority, servername: 'instant.test', ...clientCertificate };
  const db = open(address, { connection: { tls } });
  await db.ready();
  await db.auth.sendMagicCode({ email: 'a@b.test' });
  expect(shownIn('db', db, { key: clientCertificate.key })).toEqual([]);
  const stranger = open(address, { connection: { tls: { ca: authority, servername: 'instant.test' } } });
  stranger.subscribeErrors(() => {});
  await expect(stranger.auth.sendMagicCode({ email: 'a@b.test' })).rejects.toThrow();
  const doubter = open(address, {
    connection: { tls: { ...clientCertificate, servername: 'instant.test' } },
  });
  doubter.subscribeErrors(() => {});
  await expect(doubter.auth.sendMagicCode({ email: 'a@b.test' })).rejects.toThrow();
  const trusting = open(address, {
    connection: { tls: { ...clientCertificate, rejectUnauthorized: false } },
  });
  await trusting.ready();
  await trusting.auth.sendMagicCode({ email: 'a@b.test' });
});

test.each<[string, object, string]>([
  ['a header that is no string', { headers: { 'x-a': 7 } }, '"x-a" of option "connection.headers"'],
  [
    'a header of the handshake',
    { headers: { Upgrade: 'a-secret' } },
    '"Upgrade" of option "connection.headers"',
  ],
  [
    'a header with a line break',
    { headers: { 'x-a': 'a-secret\r\nx-b: c' } },
    '"x-a" of option "connection.headers"',
  ],
  ['a name that none has', { headers: { 'x a': 'a-secret' } }, '"x a" of option "connection.headers"'],
  ['a proxy that is no URL', { proxy: 'a-secret' }, '"connection.proxy" is not a URL'],
  [
    'a proxy of another kind',
    { proxy: 'socks5://user:a-secret@localhost:1' },
    '"connection.proxy" is a URL of socks5:',
  ],
  [
    'an option of TLS that there is not',
    { tls: { certificate: 'a-secret' } },
    '"connection.tls.certificate"',
  ],
  ['a key alone', { tls: { key: 'a-secret' } }, '"connection.tls.cert" is missing'],
  ['a class that is none', { WebSocket: 'ws' }, '"connection.WebSocket"'],
])('%s is refused, and not shown', (_what, connection, named) => {
  let thrown: unknown;
  try {
    init({ appId: id(), instanceKey: freshKey(), connection: connection as never });
  } catch (error) {
    thrown = error;
  }
  expect(isInstantNodeError(thrown, 'invalid-config')).toBe(true);
  expect(String(thrown)).toContain(named);
  expect(String(thrown)).not.toContain('a-secret');
});
