import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import {
  type InstantNodeDatabase,
  type InstantNodeError,
  id,
  init,
  type NodeConfig,
  StoreInterface,
} from '@instantdb/node';
import { expect, onTestFinished, test, vi } from 'vitest';
import { buildProgram } from '../support/child.ts';
import { FetchEventSource } from '../support/event-source.ts';
import { type FakeInstantOptions, fakeInstant, refusalOf } from '../support/fake-instant.ts';
import { allChannels, hear } from '../support/heard.ts';
import { inbox } from '../support/inbox.ts';
import { type Address, addressOf, freshKey, open, serve } from '../support/open.ts';
import { shownIn } from '../support/printed.ts';
import { goal, type Schema, schema } from '../support/schema.ts';
import { temporaryFolder } from '../support/sqlite.ts';

/**
 * What gives a token because it is documented to, and nothing else may. Members are found by reflection and looked at
 * without being called, so these are all calls.
 */
const DOCUMENTED = {
  'db.getAuth()': (db: InstantNodeDatabase<Schema>) => db.getAuth(),
  'db.subscribeAuth(callback)': (db: InstantNodeDatabase<Schema>) =>
    new Promise((resolve) => {
      const stop = db.subscribeAuth((state) => {
        resolve(state);
        // It may be called within the call.
        queueMicrotask(() => stop());
      });
    }),
  // Read by @instantdb/react.
  'db._reactor._currentUserCached': (db: InstantNodeDatabase<Schema>) => db._reactor._currentUserCached,
};

/** A text that is nowhere else. */
function canary(name: string): string {
  return `canary-${name}-${randomBytes(9).toString('hex')}`;
}

/** Every member of `value` up to `Object`, by name. Accessors are left: they are calls. */
function membersOf(what: string, value: object): [name: string, member: unknown][] {
  const members: [string, unknown][] = [];
  for (let at: object | null = value; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of Reflect.ownKeys(at)) {
      const descriptor = Object.getOwnPropertyDescriptor(at, key);
      if (descriptor && 'value' in descriptor) members.push([`${what}.${String(key)}`, descriptor.value]);
    }
  }
  return members;
}

/** Whatever the public surface shows of `secrets`, in any way in which it can be printed. */
function shownBy(db: InstantNodeDatabase<Schema>, secrets: Record<string, string | undefined>): string[] {
  const room = db.joinRoom('chat', 'lobby');
  const surface: [string, unknown][] = [
    ['db', db],
    ['room', room],
    ['db.stats()', db.stats()],
    ['db.pendingTransactions()', db.pendingTransactions()],
    ['db.watch()', db.watch({ goals: {} })],
    ...membersOf('db', db),
    ...membersOf('room', room),
    ...['auth', 'storage', 'streams', '_reactor'].flatMap((part) =>
      membersOf(`db.${part}`, db[part as 'auth'] as object),
    ),
  ];
  return surface.flatMap(([what, value]) => shownIn(what, value, secrets));
}

test('nothing that a database consists of shows its admin token', async () => {
  const backend = await serve();
  const app = backend.createApp({ schema });
  const db = open(addressOf(backend, app), { adminToken: app.adminToken });
  db.subscribeQuery({ goals: {} }, () => {});
  await db.ready();
  await db.transact(goal(id()).create({ title: 'one' }));
  expect(shownBy(db, { adminToken: app.adminToken })).toEqual([]);
});

test('nothing that a database consists of shows the token of its user', async () => {
  const db = open(addressOf(await serve()));
  const { user } = await db.auth.signInAsGuest();
  await db.ready();
  expect(shownBy(db, { refreshToken: user.refresh_token })).toEqual([]);
  for (const [what, call] of Object.entries(DOCUMENTED)) {
    expect(inspect(await call(db), { depth: 3 }), what).toContain(user.refresh_token);
  }
  await db.auth.signOut();
  expect(shownBy(db, { refreshToken: user.refresh_token })).toEqual([]);
  expect(await db.getAuth()).toBeNull();
});

test('a user who is read from a storage is not shown, nor is the key of the storage', async () => {
  const address = addressOf(await serve());
  const encryptionKey = canary('passphrase');
  const options: Partial<NodeConfig<Schema>> = {
    storage: 'filesystem',
    storagePath: temporaryFolder(),
    instanceKey: 'same',
    encryptionKey,
  };
  const before = open(address, options);
  const { user } = await before.auth.signInAsGuest();
  await before.close();
  const db = open(address, options);
  await db.ready();
  expect(await db.getAuth()).toEqual(user);
  expect(shownBy(db, { refreshToken: user.refresh_token, encryptionKey })).toEqual([]);
  expect(JSON.stringify(await db.getAuth())).toContain(user.refresh_token);
  await db.close();
  const wrongKey = canary('wrong-key');
  const refused = await open(address, { ...options, encryptionKey: wrongKey })
    .ready()
    .catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'storage' });
  const secrets = { refreshToken: user.refresh_token, encryptionKey, wrongKey };
  expect(shownIn('the error of a wrong key', refused, secrets)).toEqual([]);
});

test('a storage that says with its failure what it was given shows no token in events and errors', async () => {
  class Telling extends StoreInterface {
    async getItem(): Promise<null> {
      return null;
    }
    async removeItem(): Promise<void> {}
    async getAllKeys(): Promise<string[]> {
      return [];
    }
    async multiSet(pairs: [string, unknown][]): Promise<void> {
      throw Object.assign(new Error(`Cannot store ${JSON.stringify(pairs)}`), { pairs });
    }
  }
  const db = init<Schema>({ schema, ...addressOf(await serve()), storage: Telling, instanceKey: freshKey() });
  const events = inbox<InstantNodeError>();
  db.subscribeErrors(events.push);
  const { user } = await db.auth.signInAsGuest();
  const event = await events.first(({ message }) => message.includes('Cannot save to the storage'));
  expect(inspect(event.cause)).toContain('Cannot store');
  expect(inspect(event.cause)).toContain(user.id);
  const secrets = { refreshToken: user.refresh_token };
  expect(shownIn('the event', event, secrets)).toEqual([]);
  const error = await db.close().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'storage' });
  expect(shownIn('the error of close()', error, secrets)).toEqual([]);
});

test('a storage on Redis shows no password, in a database, its errors and its events', async () => {
  const [password, extra] = [canary('redis'), canary('redis-options')];
  const events = inbox<InstantNodeError>();
  const db = open(addressOf(await serve()), {
    storage: 'redis',
    redis: { url: `redis://somebody:${password}@127.0.0.1:1`, options: { sentinelPassword: extra } },
  });
  db.subscribeErrors(events.push);
  const error = await events.next();
  expect(error).toMatchObject({ code: 'storage' });
  const secrets = { password, extra };
  expect([...shownIn('the event', error, secrets), ...shownBy(db, secrets)]).toEqual([]);
});

test('an event stream shows neither its own token nor what it sends', async () => {
  const backend = await serve();
  const app = backend.createApp({ schema });
  const greetings = inbox<string>();
  const db = init<Schema>(
    {
      schema,
      ...addressOf(backend, app),
      websocketURI: backend.websocketURI.replace('/runtime/session', '/nothing-here'),
      adminToken: app.adminToken,
      instanceKey: freshKey(),
    },
    undefined,
    undefined,
    undefined,
    heardBy(greetings.push),
  );
  const events = inbox<InstantNodeError>();
  db.subscribeErrors(events.push);
  onTestFinished(() => db.close({ timeoutMs: 0 }));
  await db.ready();
  const { user } = await db.auth.signInAsGuest();
  const shown: string[] = [];
  const look = (): void => {
    const sseToken = /"sse-token":"([^"]+)"/.exec(greetings.all.at(-1) ?? '')?.[1];
    const secrets = { sseToken, adminToken: app.adminToken, refreshToken: user.refresh_token };
    shown.push(...shownBy(db, secrets), ...shownIn('its events', events.all, secrets));
  };
  const looks = inbox<void>();
  db.subscribeConnectionStatus((status) => {
    // Now, and when the first message is on its way.
    if (status === 'opened') queueMicrotask(() => setImmediate(() => looks.push(look())));
  });
  (db._reactor as unknown as { _transport: { close(): void } })._transport.close();
  await looks.next();
  await db.ready();
  look();
  expect(shown).toEqual([]);
  expect(greetings.all.length).toBeGreaterThan(1);
});

/** An event stream, of which `hear` is told how the server greets. */
function heardBy(hear: (greeting: string) => void): typeof FetchEventSource {
  return class extends FetchEventSource {
    constructor(url: string) {
      super(url);
      let listener: ((event: MessageEvent) => void) | null = null;
      Object.defineProperty(this, 'onmessage', {
        set: (given: typeof listener) => {
          listener = given;
        },
        get: () => (event: MessageEvent) => {
          const data = String(event.data);
          if (data.includes('sse-init')) hear(data);
          listener?.(event);
        },
      });
    }
  };
}

/** A server that refuses everything, and says what it was told while it does. */
async function echo(refreshToken: string, options: FakeInstantOptions = {}): Promise<Address> {
  const { address } = await fakeInstant({
    http: (path, body, head) => {
      if (path.includes('sign_in_guest')) {
        return {
          status: 200,
          body: { user: { id: randomUUID(), refresh_token: refreshToken, type: 'guest' } },
        };
      }
      const said = JSON.stringify(body ?? head);
      return {
        status: 400,
        body: {
          type: 'record-not-found',
          message: `Not found: ${said}`,
          hint: { args: [body, { said, head }] },
        },
      };
    },
    ...options,
  });
  return address;
}

test('a call that fails shows nothing of what it was given, though the server repeats it', async () => {
  const refreshToken = canary('refresh');
  const db = open(await echo(refreshToken));
  await db.auth.signInAsGuest();
  const file = new File(['"text"'], 'a.txt', { type: 'application/json' });
  const [token, code, oauthCode, codeVerifier, idToken, nonce] = [
    canary('custom-token'),
    canary('magic-code'),
    canary('oauth-code'),
    canary('verifier'),
    canary('id-token'),
    canary('nonce'),
  ];
  const calls: Record<string, () => Promise<unknown>> = {
    signInWithToken: () => db.auth.signInWithToken(token),
    signInWithMagicCode: () => db.auth.signInWithMagicCode({ email: 'ann@example.com', code }),
    exchangeOAuthCode: () => db.auth.exchangeOAuthCode({ code: oauthCode, codeVerifier }),
    signInWithIdToken: () => db.auth.signInWithIdToken({ clientName: 'c', idToken, nonce }),
    uploadFile: () => db.storage.uploadFile('a.txt', file),
    delete: () => db.storage.delete('a.txt'),
    upload: () => db.storage.upload('a.txt', file),
    getDownloadUrl: () => db.storage.getDownloadUrl('a.txt'),
  };
  const secrets = { refreshToken, token, code, oauthCode, codeVerifier, idToken, nonce };
  for (const [name, call] of Object.entries(calls)) {
    const error = await call().catch((reason: unknown) => reason);
    expect(error, name).toMatchObject({ name: 'InstantAPIError', status: 400 });
    expect(shownIn(`the error of ${name}`, error, secrets)).toEqual([]);
  }
});

test('an upload to a signed address that fails shows no signature', async () => {
  const signature = canary('signature');
  const address = await echo(canary('refresh'), {
    http: (path) =>
      path.includes('signed-upload-url')
        ? { status: 200, body: { data: `http://127.0.0.1:1/put?X-Amz-Signature=${signature}` } }
        : { status: 400, body: {} },
  });
  const db = open(address);
  const error = await db.storage
    .upload('a.txt', new File(['text'], 'a.txt'))
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Error);
  expect(shownIn('the error', error, { signature })).toEqual([]);
});

test('a refused session shows nothing of what it was opened with, to nobody', async () => {
  const [adminToken, refreshToken] = [canary('admin'), canary('refresh')];
  const address = await echo(refreshToken, {
    answer: (message, _peer, good) =>
      message.op === 'init'
        ? refusalOf(message, {
            message: `No app takes ${JSON.stringify(message)}`,
            hint: { message: `Not ${String(message['__admin-token'])}`, input: message },
          })
        : good,
    http: (path) =>
      path.includes('sign_in_guest')
        ? { status: 200, body: { user: { id: randomUUID(), refresh_token: refreshToken } } }
        : { status: 400, body: {} },
  });
  const db = open(address, { adminToken });
  const heard: [string, unknown][] = [];
  db.subscribeErrors((error) => heard.push(['event', error]));
  db.subscribeTransactionErrors((error) => heard.push(['transaction error', error]));
  db.subscribeQuery({ goals: {} }, (state) => heard.push(['query', state]));
  await db.auth.signInAsGuest();
  await vi.waitFor(() => expect(db.stats().status).toBe('errored'), { timeout: 60_000 });
  heard.push(['ready()', await db.ready().catch((error: unknown) => error)]);
  heard.push(['queryOnce()', await db.queryOnce({ goals: {} }).catch((error: unknown) => error)]);
  heard.push(['pendingTransactions()', db.pendingTransactions()]);
  const secrets = { adminToken, refreshToken };
  expect(heard.flatMap(([what, value]) => shownIn(what, value, secrets))).toEqual([]);
  expect(shownBy(db, secrets)).toEqual([]);
  expect(inspect(heard)).toContain('No app takes');
});

test('what a server says out of turn, and what is logged, shows no token', async () => {
  const [adminToken, refreshToken] = [canary('admin'), canary('refresh')];
  const logged: unknown[][] = [];
  const take = (...args: unknown[]): void => void logged.push(args);
  const onConsole = vi.spyOn(console, 'error').mockImplementation(take);
  onTestFinished(() => onConsole.mockRestore());
  const address = await echo(refreshToken, {
    answer: (message, peer, good) => {
      if (message.op === 'init') {
        const nested = [1, 2, 3, 4, 5, 6, 7, 8, 9].reduce<unknown>((inner) => ({ inner }), {
          'refresh-token': message['refresh-token'],
          text: `Bearer ${String(message['__admin-token'])}`,
        });
        peer.send({
          op: 'error',
          status: 500,
          message: 'What?',
          hint: nested,
          'original-event': { ...message, op: 'x' },
        });
        peer.send({ op: 'unheard-of', nested });
        peer.send(`{"op": "${String(message['__admin-token'])}`);
      }
      return good;
    },
  });
  const db = open(address, { adminToken, verbose: true, logger: { info: take, debug: take, error: take } });
  await db.ready();
  await db.auth.signInAsGuest();
  const { connections } = db.stats();
  await vi.waitFor(() => expect(db.stats().connections).toBeGreaterThanOrEqual(connections), {
    timeout: 60_000,
  });
  await db.ready();
  const failed = await db.auth.signInWithToken(canary('other')).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(Error);
  const seen = logged.map((args) => inspect(args));
  expect(seen.some((text) => text.includes('What?'))).toBe(true);
  expect(seen.some((text) => text.includes('unheard-of'))).toBe(true);
  const secrets = { adminToken, refreshToken };
  expect(
    logged.flatMap((args, index) => shownIn(`log ${index} (${String(args[0])})`, args, secrets)),
  ).toEqual([]);
});

test('no channel of diagnostics tells a token, a header or a value', async () => {
  const [adminToken, refreshToken, header, title, wanted, rule, said] = [
    canary('admin'),
    canary('refresh'),
    canary('header'),
    canary('title'),
    canary('wanted'),
    canary('rule'),
    canary('said'),
  ];
  let refuses = false;
  const address = await echo(refreshToken, {
    answer: (message, _peer, good) => {
      if (message.op === 'add-query' && JSON.stringify(message).includes('refuse')) {
        return refusalOf(message, { type: refreshToken, message: `No: ${JSON.stringify(message)}` });
      }
      if (message.op !== 'transact' || !refuses) return good;
      const { 'client-event-id': _, ...rest } = message;
      return refusalOf(message, { type: adminToken, message: `No: ${JSON.stringify(rest)}`, hint: rest });
    },
    http: (path) =>
      path.includes('sign_in_guest')
        ? { status: 200, body: { user: { id: randomUUID(), refresh_token: refreshToken } } }
        : { status: 400, body: {} },
  });
  const heard = hear(address.appId);
  const options: Partial<NodeConfig<Schema>> = {
    adminToken,
    connection: { headers: { 'x-secret': header } },
    storage: 'filesystem',
    storagePath: temporaryFolder(),
  };
  const db = open(address, options);
  db.subscribeErrors(() => {});
  db.subscribeTransactionErrors(() => {});
  await db.auth.signInAsGuest();
  await db.ready();
  db.subscribeQuery({ goals: { $: { where: { title: wanted } } } }, () => {}, { ruleParams: { rule } });
  db.subscribeQuery({ goals: { $: { where: { title: 'refuse' } } } }, () => {});
  await db.queryOnce({ goals: { $: { where: { title: wanted } } } }, { ruleParams: { rule } });
  const abort = AbortSignal.abort(Object.assign(new Error(said), { name: adminToken, code: refreshToken }));
  await db.queryOnce({ goals: {} }, { signal: abort }).catch(() => {});
  await db.transact(goal(id()).create({ title, details: { [said]: said } }));
  refuses = true;
  await db.transact(goal(id()).create({ title: said })).catch(() => {});
  await db.close({ timeoutMs: 0 });
  const told = heard.all.map(({ name }) => name);
  const silent = allChannels.filter((name) => !told.includes(name));
  expect(silent.filter((name) => !/connect:error|storage-write:error/.test(name))).toEqual([]);
  const secrets = { adminToken, refreshToken, header, title, wanted, rule, said };
  expect(heard.all.flatMap(({ name, payload }) => shownIn(name, payload, secrets))).toEqual([]);
});

test('the console of the runtime shows no token of what a program prints', async () => {
  const program = await buildProgram('printing');
  onTestFinished(() => program.remove());
  const backend = await serve();
  const app = backend.createApp({ schema });
  const tell = `${temporaryFolder()}/token`;
  const child = program.start({ ...addressOf(backend, app), adminToken: app.adminToken, tell });
  const { code, errors } = await child.ended;
  await child.lines.first((line) => line === 'done');
  const refreshToken = readFileSync(tell, 'utf8');
  const text = child.lines.all.join('\n') + errors;
  expect(code).toBe(0);
  expect(refreshToken).toMatch(/^[0-9a-f-]{36}$/);
  expect(text).toContain(app.id);
  expect(text).toContain('[send]');
  expect(text).not.toContain(refreshToken);
  expect(text).not.toContain(app.adminToken);
});
