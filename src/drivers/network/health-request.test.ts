import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { certificate } from '../egress/certificate.fixture.ts';
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

const never = new AbortController().signal;

const answering = (listener: RequestListener): ReturnType<typeof serve> => serve(createServer(listener));

test.each([200, 204, 301, 404, 500, 503])('gives status %i, and ends the connection', async (status) => {
  const asked: unknown[] = [];
  const { port, gone } = await answering((request, response) => {
    asked.push([request.method, request.url, request.headers['x-team']]);
    response.writeHead(status, { location: 'http://127.0.0.1:1/' });
    response.end();
  });
  const url = new URL(`http://127.0.0.1:${port}/api/health?a=b`);
  expect(await requestStatus(url, { headers: { 'x-team': 'blue' } }, never)).toBe(status);
  await gone();
  expect(asked).toEqual([['GET', '/api/health?a=b', 'blue']]);
});

test('does not wait for the content of an answer, which may never end', async () => {
  const { port, gone } = await answering((_request, response) => {
    response.writeHead(200);
    response.write('x'.repeat(100_000));
  });
  expect(await requestStatus(new URL(`http://127.0.0.1:${port}`), {}, never)).toBe(200);
  await gone();
});

test('finds a host by its name', async () => {
  const { port } = await answering((_request, response) => response.end());
  expect(await requestStatus(new URL(`http://localhost:${port}`), {}, never)).toBe(200);
});

test('rejects where nobody listens', async () => {
  const server = createTcpServer();
  const { port } = await serve(server);
  await new Promise((resolve) => server.close(resolve));
  await expect(requestStatus(new URL(`http://127.0.0.1:${port}`), {}, never)).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
});

test('rejects where a name has no address', async () => {
  // A label of 64 letters: one too many, so that no server is asked.
  const url = new URL(`http://${'x'.repeat(64)}.test`);
  await expect(requestStatus(url, {}, never)).rejects.toThrow();
});

test('rejects what hangs up, or does not speak HTTP', async () => {
  for (const said of ['', 'SSH-2.0-OpenSSH\r\n\r\n']) {
    const { port } = await serve(createTcpServer((socket) => socket.end(said)));
    await expect(requestStatus(new URL(`http://127.0.0.1:${port}`), {}, never)).rejects.toThrow();
  }
});

test('ends with its signal, and its connection too', async () => {
  const controller = new AbortController();
  const { port, gone, sockets } = await serve(createTcpServer((socket) => void socket.resume()));
  const { port: other } = await serve(createTcpServer(() => controller.abort()));
  const hanging = requestStatus(new URL(`http://127.0.0.1:${port}`), {}, controller.signal);
  await expect(requestStatus(new URL(`http://127.0.0.1:${other}`), {}, controller.signal)).rejects.toThrow();
  await expect(hanging).rejects.toThrow();
  await gone();
  expect(sockets.every(({ destroyed }) => destroyed)).toBe(true);
});

test('trusts the certificates that it is told to, and no others', async () => {
  const server = createSecureServer(certificate, (_request, response) => response.end());
  server.on('tlsClientError', () => {});
  const { port } = await serve(server);
  const url = new URL(`https://127.0.0.1:${port}/health`);
  const tls = { ca: certificate.cert, servername: 'provider.test' };
  expect(await requestStatus(url, { tls }, never)).toBe(200);
  await expect(requestStatus(url, {}, never)).rejects.toThrow();
});
