import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { authority } from '../../../conformance/support/certificates.ts';
import { connectProxy, tlsBefore } from '../../../conformance/support/connect-proxy.ts';
import type { Route, WaysOptions } from '../contract.ts';
import { certificate } from '../egress/certificate.fixture.ts';
import { createWays } from '../ways/create-ways.ts';
import { requestStatus } from './health-request.ts';

/** Where a server listens that is closed when the test ends, and the connections that it has taken. */
async function serve(server: Server): Promise<{ port: number; sockets: Socket[]; gone(): Promise<unknown> }> {
  const sockets: Socket[] = [];
  const ends: Promise<unknown>[] = [];
  server.on('connection', (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    ends.push(new Promise((resolve) => socket.on('close', resolve)));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { port, sockets, gone: () => Promise.all(ends) };
}

/** The way to a server that is the database's own. */
function to(url: URL, options: Partial<WaysOptions> = {}): Route {
  return createWays({ proxy: false, servers: [url.href], ...options }).to(url.href);
}

const never = new AbortController().signal;

/** The status that the database's own server is asked for. */
function ask(url: URL, options: Partial<WaysOptions> = {}, signal: AbortSignal = never): Promise<number> {
  return requestStatus(url, to(url, options), signal);
}

const answering = (listener: RequestListener): ReturnType<typeof serve> => serve(createServer(listener));

test.each([200, 204, 301, 404, 500, 503])('gives status %i, and ends the connection', async (status) => {
  const asked: unknown[] = [];
  const { port, gone } = await answering((request, response) => {
    asked.push([request.method, request.url, request.headers['x-team']]);
    response.writeHead(status, { location: 'http://127.0.0.1:1/' });
    response.end();
  });
  const url = new URL(`http://127.0.0.1:${port}/api/health?a=b`);
  expect(await ask(url, { headers: { 'x-team': 'blue' } })).toBe(status);
  await gone();
  expect(asked).toEqual([['GET', '/api/health?a=b', 'blue']]);
});

test('does not wait for the content of an answer, which may never end', async () => {
  const { port, gone } = await answering((_request, response) => {
    response.writeHead(200);
    response.write('x'.repeat(100_000));
  });
  expect(await ask(new URL(`http://127.0.0.1:${port}`))).toBe(200);
  await gone();
});

test('finds a host by its name', async () => {
  const { port } = await answering((_request, response) => response.end());
  expect(await ask(new URL(`http://localhost:${port}`))).toBe(200);
});

test('rejects where nobody listens', async () => {
  const server = createTcpServer();
  const { port } = await serve(server);
  await new Promise((resolve) => server.close(resolve));
  await expect(ask(new URL(`http://127.0.0.1:${port}`))).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
});

test('rejects where a name has no address', async () => {
  // A label of 64 letters: one too many, so that no server is asked.
  const url = new URL(`http://${'x'.repeat(64)}.test`);
  await expect(ask(url)).rejects.toThrow();
});

test('rejects what hangs up, or does not speak HTTP', async () => {
  for (const said of ['', 'SSH-2.0-OpenSSH\r\n\r\n']) {
    const { port } = await serve(createTcpServer((socket) => socket.end(said)));
    await expect(ask(new URL(`http://127.0.0.1:${port}`))).rejects.toThrow();
  }
});

test('ends with its signal, and its connection too', async () => {
  const controller = new AbortController();
  const { port, gone, sockets } = await serve(createTcpServer((socket) => void socket.resume()));
  const { port: other } = await serve(createTcpServer(() => controller.abort()));
  const asked = [port, other].map((one) => ask(new URL(`http://127.0.0.1:${one}`), {}, controller.signal));
  const results = await Promise.allSettled(asked);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await gone();
  expect(sockets.every(({ destroyed }) => destroyed)).toBe(true);
});

test('trusts the certificates that it is told to, and no others', async () => {
  const server = createSecureServer(certificate, (_request, response) => response.end());
  server.on('tlsClientError', () => {});
  const { port } = await serve(server);
  const url = new URL(`https://127.0.0.1:${port}/health`);
  const tls = { ca: certificate.cert, servername: 'provider.test' };
  expect(await ask(url, { tls })).toBe(200);
  await expect(ask(url)).rejects.toThrow();
});

const instant = new URL('https://instant.test/up?a=b');

test.each([
  ['https://instant.test/up?a=b', 'http', 'CONNECT instant.test:443'],
  ['https://instant.test/up?a=b', 'https', 'CONNECT instant.test:443'],
  ['http://instant.test/up?a=b', 'http', 'GET http://instant.test/up?a=b'],
  ['http://instant.test/up?a=b', 'https', 'GET http://instant.test/up?a=b'],
])(
  'asks for %s through a proxy of %s, and takes a redirection for an answer',
  async (address, scheme, wanted) => {
    const asked: unknown[] = [];
    const { port, gone } = await answering((request, response) => {
      asked.push([request.method, request.url, request.headers.host, request.headers['x-team']]);
      response.writeHead(302, { location: 'http://127.0.0.1:1/' });
      response.end();
    });
    const proxy = await connectProxy({
      ports: { 443: await tlsBefore(port), 80: port },
      isSecure: scheme === 'https',
    });
    const url = new URL(address);
    const route = to(url, {
      proxy: `${scheme}://user:password@localhost:${proxy.port}`,
      tls: { ca: authority },
      headers: { 'x-team': 'blue' },
    });
    expect(await requestStatus(url, route, never)).toBe(302);
    await gone();
    expect(asked).toEqual([['GET', '/up?a=b', 'instant.test', 'blue']]);
    expect(proxy.seen.map(({ method, target, user }) => [`${method} ${target}`, user])).toEqual([
      [wanted, 'user:password'],
    ]);
  },
);

test.each([
  ['https://instant.test/', 407],
  ['https://instant.test/', 503],
  ['http://instant.test/', 407],
])(
  'rejects where the proxy to %s refuses with %i, and names it without its password',
  async (address, status) => {
    const proxy = await connectProxy({ ports: {}, refuse: () => status });
    const url = new URL(address);
    const route = to(url, { proxy: `http://user:password@localhost:${proxy.port}` });
    const refusal: unknown = await requestStatus(url, route, never).catch((error) => error);
    expect(String(refusal)).toContain(`the proxy "http://localhost:${proxy.port}" answered ${status}`);
    expect(String(refusal)).not.toContain('password');
  },
);

test('gives the status of a proxy that answers for a server which is gone', async () => {
  const proxy = await connectProxy({ ports: {}, refuse: () => 502 });
  const url = new URL('http://instant.test/');
  expect(await ask(url, { proxy: `http://localhost:${proxy.port}` })).toBe(502);
});

test.each(['http', 'https'])('ends with its signal while a proxy of %s says nothing', async (scheme) => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const { port, gone } = await serve(
    createTcpServer((socket) => {
      socket.resume();
      // A proxy by TLS has not even begun.
      socket.once('data', () => controller.abort(reason));
    }),
  );
  const route = to(instant, { proxy: `${scheme}://127.0.0.1:${port}` });
  await expect(requestStatus(instant, route, controller.signal)).rejects.toBe(reason);
  await gone();
});
