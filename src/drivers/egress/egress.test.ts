import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { certificate } from './certificate.fixture.ts';
import type { EgressOptions } from './contract.ts';
import { AddressRefusedError, createEgress, isPublicAddress } from './index.ts';

// The contract, on whichever runtime runs this. Two addresses of this machine play the internet and the inside.
const OUTSIDE = '127.0.0.2';
const INSIDE = '127.0.0.1';

interface Heard {
  readonly host: string | undefined;
  readonly method: string | undefined;
  readonly body: string;
}

const servers: Server[] = [];
let port: number;
let heard: Heard[];
/** How often something inside was connected to. */
let trapped: number;

async function listen(server: Server, host: string, at = 0): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(at, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

const answer: RequestListener = (request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (text: string) => {
    body += text;
  });
  request.on('end', () => {
    heard.push({ host: request.headers.host, method: request.method, body });
    if (request.url === '/away') response.writeHead(302, { location: `http://${INSIDE}:${port}/` });
    if (request.url === '/large') response.write('x'.repeat(2_000));
    if (request.url === '/stalls') response.writeHead(200).write('so far');
    else if (request.url === '/breaks') {
      response.writeHead(200, { 'content-length': '100' });
      response.write('so far', () => response.socket?.destroy());
    } else if (request.url !== '/silent') response.end('hello');
  });
};

beforeEach(async () => {
  heard = [];
  trapped = 0;
  const trap = createServer((_, response) => void response.end('secret'));
  trap.on('connection', () => trapped++);
  port = await listen(trap, INSIDE);
  await listen(createServer(answer), OUTSIDE, port);
});

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Gives each answer once, and the last one for ever. */
function resolver(...answers: string[][]): { resolve: (name: string) => Promise<string[]>; asked: string[] } {
  const asked: string[] = [];
  const resolve = async (name: string): Promise<string[]> => {
    asked.push(name);
    return answers[Math.min(asked.length, answers.length) - 1] ?? [];
  };
  return { resolve, asked };
}

const fromOutside = (options: EgressOptions): ReturnType<typeof createEgress> =>
  createEgress({ mayReach: (address) => address === OUTSIDE, ...options });

describe('what is connected to is what was judged', () => {
  test('when the name stands for something inside at the second look', async () => {
    const { resolve, asked } = resolver([OUTSIDE], [INSIDE]);
    const ask = fromOutside({ resolve });
    expect(await ask(`http://provider.test:${port}/`)).toEqual({ status: 200, text: 'hello' });
    expect(asked).toEqual(['provider.test']);
    expect(heard).toEqual([{ host: `provider.test:${port}`, method: 'GET', body: '' }]);
    // No connection is left that the next request could take.
    await expect(ask(`http://provider.test:${port}/`)).rejects.toThrow(AddressRefusedError);
    expect(heard).toHaveLength(1);
    expect(trapped).toBe(0);
  });

  test('when only some of the addresses of a name may be reached', async () => {
    const ask = fromOutside(resolver([INSIDE, OUTSIDE]));
    expect((await ask(`http://provider.test:${port}/`)).text).toBe('hello');
    expect(trapped).toBe(0);
  });

  test('when none may, of as many as there are', async () => {
    for (const addresses of [[], [INSIDE], [INSIDE, '::1', '10.0.0.1', '::ffff:127.0.0.1', 'fe80::1%lo']]) {
      const ask = createEgress({ mayReach: isPublicAddress, ...resolver(addresses) });
      await expect(ask(`http://provider.test:${port}/`)).rejects.toThrow(AddressRefusedError);
    }
    expect(trapped).toBe(0);
  });

  test.each([
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.0.0.1.',
    '0.0.0.0',
    '0',
    '[::]',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '①②⑦.0.0.1',
    'localhost',
    'LOCALHOST.',
    'a.localhost',
  ])('whatever the form: %s', async (host) => {
    const ask = createEgress({ mayReach: isPublicAddress, ...resolver([OUTSIDE]) });
    await expect(ask(`http://${host}:${port}/`)).rejects.toThrow(AddressRefusedError);
    expect(trapped).toBe(0);
  });

  test('and a redirect is an answer', async () => {
    const { status } = await fromOutside(resolver([OUTSIDE]))(`http://provider.test:${port}/away`);
    expect(status).toBe(302);
    expect(trapped).toBe(0);
  });

  test('and the proxy of the environment is not asked', async () => {
    const proxies = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY'];
    const names = [...proxies, 'NO_PROXY', 'no_proxy', 'NODE_USE_ENV_PROXY'];
    const before = names.map((name) => process.env[name]);
    for (const name of names) process.env[name] = '';
    for (const name of proxies) process.env[name] = `http://${INSIDE}:${port}`;
    // Node 24 and Deno look at this one, for nothing but 1.
    process.env.NODE_USE_ENV_PROXY = '1';
    try {
      expect((await fromOutside(resolver([OUTSIDE]))(`http://provider.test:${port}/`)).text).toBe('hello');
    } finally {
      for (const [i, name] of names.entries()) {
        if (before[i] === undefined) delete process.env[name];
        else process.env[name] = before[i];
      }
    }
    expect(trapped).toBe(0);
  });
});

test('a form is posted', async () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  await createEgress()(`http://${OUTSIDE}:${port}/`, { method: 'POST', headers, body: 'käse=1' });
  expect(heard).toEqual([{ host: `${OUTSIDE}:${port}`, method: 'POST', body: 'käse=1' }]);
});

test.each(['localhost', 'a.localhost', INSIDE])(
  'without a judge the inside is reached, too: %s',
  async (host) => {
    expect((await createEgress()(`http://${host}:${port}/`)).text).toBe('secret');
  },
);

describe('a certificate', () => {
  async function serveSecurely(): Promise<number> {
    const server = createSecureServer(certificate, answer) as unknown as Server;
    return listen(server, OUTSIDE);
  }
  const options = (ca?: string): EgressOptions => ({ ...resolver([OUTSIDE]), ...(ca && { ca }) });

  test('has to be one for the name, not for the address', async () => {
    const at = await serveSecurely();
    const ask = fromOutside(options(certificate.cert));
    expect((await ask(`https://provider.test:${at}/`)).text).toBe('hello');
    await expect(ask(`https://other.test:${at}/`)).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    await expect(ask(`https://${OUTSIDE}:${at}/`)).rejects.toThrow();
    expect(heard).toHaveLength(1);
  });

  test('has to be from an authority', async () => {
    const at = await serveSecurely();
    await expect(fromOutside(options())(`https://provider.test:${at}/`)).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    expect(heard).toEqual([]);
  });
});

describe('an answer', () => {
  test.each(['/silent', '/stalls'])('that takes too long is given up: %s', async (path) => {
    const ask = createEgress({ timeoutMs: 250 });
    await expect(ask(`http://${OUTSIDE}:${port}${path}`)).rejects.toThrow(/time/i);
  });

  test('is not waited for while a name is looked up for ever', async () => {
    const ask = createEgress({ timeoutMs: 50, resolve: () => new Promise(() => {}) });
    await expect(ask(`http://provider.test:${port}/`)).rejects.toThrow(/time/i);
  });

  test('that is too large is not read to its end', async () => {
    const ask = createEgress({ maxBytes: 1_000 });
    await expect(ask(`http://${OUTSIDE}:${port}/large`)).rejects.toThrow('at most 1000 bytes');
  });

  test('that breaks off is none', async () => {
    await expect(createEgress()(`http://${OUTSIDE}:${port}/breaks`)).rejects.toThrow();
  });
});

test.each(['', 'localhost', 'file:///etc/passwd', 'ftp://example.com/', 'data:text/plain,x', 'http://'])(
  'an address that is none of the web is not asked: "%s"',
  async (address) => {
    await expect(createEgress()(address)).rejects.toThrow(TypeError);
  },
);
