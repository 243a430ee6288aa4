import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type InstantNodeError, id, type NetworkOption } from '@instantdb/node';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Input } from '../programs/database.ts';
import { behindProxy, environment, PASSWORD, through } from '../support/behind-proxy.ts';
import { authority } from '../support/certificates.ts';
import { buildProgram } from '../support/child.ts';
import type { ProxyRequest } from '../support/connect-proxy.ts';
import { type Inbox, inbox } from '../support/inbox.ts';
import { open } from '../support/open.ts';
import { shownIn } from '../support/printed.ts';
import { goal } from '../support/schema.ts';

/** Often enough not to be waited for, and no answer is late on a machine that is busy. */
const pace = { intervalMs: 5, timeoutMs: 60_000, threshold: 2 };
const https = { apiURI: 'https://instant.test', websocketURI: 'wss://instant.test/runtime/session' };
const http = { apiURI: 'http://instant.test', websocketURI: 'ws://instant.test/runtime/session' };

function errorsOf(db: ReturnType<typeof open>): Inbox<InstantNodeError> {
  const errors = inbox<InstantNodeError>();
  db.subscribeErrors(errors.push);
  return errors;
}

const isPause = ({ message }: InstantNodeError): boolean => message.startsWith('Paused');

describe.each([
  ['https:', https, 'CONNECT instant.test:443'],
  ['http:', http, 'GET http://instant.test/health'],
] as const)('"http" behind a proxy, for a server of %s', (_, address, wanted) => {
  test('asks through it: online while it lets through, paused while it does not, and told without its password', async () => {
    environment({});
    let isAway = false;
    const asked = inbox<ProxyRequest>();
    const refuse = (request: ProxyRequest): number | undefined => {
      asked.push(request);
      return isAway ? 502 : undefined;
    };
    const { appId, proxy } = await behindProxy({ refuse });
    const db = open(
      { appId, ...address },
      {
        connection: { proxy: through(proxy), tls: { ca: authority } },
        network: { use: 'http', ...pace },
      },
    );
    const errors = errorsOf(db);
    await db.ready();
    await asked.first(({ method, target }) => `${method} ${target}` === wanted);
    isAway = true;
    const told = await errors.first(isPause);
    expect(told.message).toContain(`GET "${address.apiURI}/health" failed`);
    expect(await db.transact(goal(id()).create({ title: 'kept' }))).toMatchObject({ status: 'enqueued' });
    isAway = false;
    await db.ready();
    const { data } = await db.queryOnce({ goals: {} });
    expect(data.goals).toMatchObject([{ title: 'kept' }]);
    const secrets = { password: PASSWORD, encoded: encodeURIComponent(PASSWORD) };
    for (const [what, value] of Object.entries({ told, db }))
      expect(shownIn(what, value, secrets)).toEqual([]);
  });
});

test('"http" asks a URL of another server through the proxy, and sends it nothing of the database', async () => {
  environment({});
  const { appId, proxy } = await behindProxy();
  const connection = { proxy: through(proxy), tls: { ca: authority }, headers: { 'x-gate': 'open' } };
  const url = 'http://files.test/up';
  const db = open({ appId, ...https }, { connection, network: { use: 'http', url, ...pace } });
  await db.ready();
  expect(proxy.seen[0]).toMatchObject({ method: 'GET', target: url });
});

test('"http" goes by what the environment says', async () => {
  const { appId, proxy } = await behindProxy();
  environment({ HTTPS_PROXY: through(proxy) });
  const connection = { tls: { ca: authority } };
  const db = open({ appId, ...https }, { connection, network: { use: 'http', ...pace } });
  await db.ready();
  expect(proxy.seen.length).toBeGreaterThan(1);
});

test('"http" pauses where the proxy wants another login, and says so', async () => {
  environment({});
  const { appId, proxy } = await behindProxy({ refuse: () => 407 });
  for (const address of [https, http]) {
    const connection = { proxy: through(proxy) };
    const db = open({ appId, ...address }, { connection, network: { use: 'http', ...pace } });
    const { cause } = await errorsOf(db).first(isPause);
    expect(String(cause)).toContain(`the proxy "http://localhost:${proxy.port}" answered 407`);
  }
});

test('"dns" lets a database connect whose server has a name that the proxy alone knows', async () => {
  environment({});
  const { appId, proxy } = await behindProxy();
  const connection = { proxy: through(proxy), tls: { ca: authority } };
  await open({ appId, ...https }, { connection, network: 'dns' }).ready();
});

test('"dns" says of a proxy that has no address that it is the proxy', async () => {
  environment({});
  // A label of 64 letters: one too many, so that no server is asked.
  const name = `${'x'.repeat(64)}.test`;
  const connection = { proxy: `http://${name}:3128` };
  const db = open({ appId: id(), ...https }, { connection, network: 'dns' });
  expect(await errorsOf(db).first(isPause)).toMatchObject({
    message: `Paused, as there seems to be no network: resolving the name "${name}" of the proxy failed`,
    cause: { code: 'ENOTFOUND' },
  });
});

describe.each(['http', 'https'])('a process whose proxy of %s: says nothing', (scheme) => {
  let program: Awaited<ReturnType<typeof buildProgram>>;
  beforeAll(async () => {
    program = await buildProgram('database');
  });
  afterAll(() => program.remove());
  const byItself = { code: 0, signal: null, errors: '' };

  async function started(steps: Input['steps'], keepAlive: boolean) {
    const connected = inbox<Socket>();
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => connected.push(socket));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => {
      server.close();
      for (const socket of connected.all) socket.destroy();
    });
    const network: NetworkOption = { use: 'http', timeoutMs: 2 ** 31 - 1 };
    const connection = { proxy: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}` };
    const config = { appId: id(), ...https, network, connection, keepAlive };
    return program.start({ config, steps } satisfies Input);
  }

  test('ends by itself after close()', async () => {
    const child = await started(['close-when-told'], true);
    expect(await child.ended).toEqual(byItself);
  });

  test('ends by itself with keepAlive false', async () => {
    const child = await started(['hold', 'be-told', 'let-go'], false);
    expect(await child.ended).toEqual(byItself);
  });
});
