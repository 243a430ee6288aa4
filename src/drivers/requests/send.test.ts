import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { authority } from '../../../conformance/support/certificates.ts';
import { connectProxy, tlsBefore } from '../../../conformance/support/connect-proxy.ts';
import { doesHttpAnswer } from '../../client/connection/does-http-answer.ts';
import { EventStreamConnection } from '../../client/connection/event-stream.ts';
import type { WaysOptions } from '../contract.ts';
import { createWays } from '../ways/create-ways.ts';
import { createSend, type Send } from './send.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(handler: Handler): Promise<number> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const textOf = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
};

async function sending(handler: Handler, options: Partial<WaysOptions> = {}): Promise<[Send, string]> {
  const url = `http://127.0.0.1:${await serve(handler)}`;
  return [createSend(createWays({ proxy: false, servers: [url], ...options })), url];
}

test.each<[string, () => RequestInit['body'], string | undefined]>([
  ['a text', () => 'some text', '9'],
  ['bytes', () => new TextEncoder().encode('some text'), '9'],
  ['a blob', () => new Blob(['some text']), '9'],
  ['a stream', () => new Blob(['some text']).stream(), undefined],
])('%s is sent as it is, with its length if it has one', async (_what, body, length) => {
  const seen: unknown[] = [];
  const [send, url] = await sending(async (request, response) => {
    seen.push(request.method, request.headers['content-length'], await textOf(request));
    response.end('{}');
  });
  const answer = await send(url, { method: 'PUT', body: body() });
  expect([answer.status, await answer.text()]).toEqual([200, '{}']);
  expect(seen).toEqual(['PUT', length, 'some text']);
});

test('what the system takes of a body is told until all is taken', async () => {
  const [send, url] = await sending(async (request, response) => {
    response.end(String((await textOf(request)).length));
  });
  let taken = 0;
  const body = 'x'.repeat(3_000_000);
  const answer = await send(url, { method: 'POST', body, sent: (bytes) => (taken += bytes) });
  expect(await answer.text()).toBe('3000000');
  expect(taken).toBe(3_000_000);
});

test('an answer is read as it comes, and its end without an end is an error', async () => {
  let respond: ServerResponse | undefined;
  const [send, url] = await sending((_request, response) => {
    respond = response;
    response.write('one');
  });
  const reader = (await send(url)).body?.getReader();
  const decoder = new TextDecoder();
  expect(decoder.decode((await reader?.read())?.value)).toBe('one');
  respond?.write('two');
  expect(decoder.decode((await reader?.read())?.value)).toBe('two');
  respond?.destroy();
  await expect(reader?.read()).rejects.toThrow();
});

test('a signal ends a request, and an answer', async () => {
  const [send, url] = await sending((request, response) => {
    if (request.url === '/answered') response.write('begun');
  });
  const reason = new Error('enough');
  const before = new AbortController();
  const waiting = send(`${url}/never`, { signal: before.signal });
  before.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  const during = new AbortController();
  const answer = await send(`${url}/answered`, { signal: during.signal });
  during.abort(reason);
  await expect(answer.text()).rejects.toBe(reason);
});

test('a redirection is not followed, as it would take tokens along', async () => {
  const [send, url] = await sending((_request, response) => {
    response.writeHead(308, { location: 'https://other.test/path?token=secret' });
    response.end();
  });
  await expect(send(url)).rejects.toThrow('it redirects to https://other.test, which is not followed');
});

test('headers go to the server alone, not to others that it names', async () => {
  const seen: (string | undefined)[] = [];
  const handler: Handler = (request, response) => {
    seen.push(request.headers['x-gate'] as string | undefined);
    response.end();
  };
  const [send, url] = await sending(handler, { headers: { 'x-gate': 'open' } });
  await (await send(url)).text();
  await (await send(`http://127.0.0.1:${await serve(handler)}`)).text();
  expect(seen).toEqual(['open', undefined]);
});

test.each(['http', 'https'])('an event stream goes through a proxy, by %s', async (scheme) => {
  const posted: unknown[] = [];
  const port = await serve(async (request, response) => {
    if (request.method === 'POST') {
      posted.push(JSON.parse(await textOf(request)));
      response.end('{}');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(
      ': hello\n\ndata: {"op":"sse-init","machine-id":"m","session-id":"s","sse-token":"t"}\n\n',
    );
  });
  const proxy = await connectProxy({ ports: { 443: await tlsBefore(port), 80: port } });
  const servers = [`${scheme}://instant.test`];
  const ways = createWays({ proxy: `http://u:p@localhost:${proxy.port}`, tls: { ca: authority }, servers });
  const send = createSend(ways);
  const alive = vi.fn();
  const connection = new EventStreamConnection({
    url: `${scheme}://instant.test/runtime/sse?app_id=a`,
    ...{ send, alive, hold: true },
    traffic: { sentBytes: 0, receivedBytes: 0, sentMessages: 0, receivedMessages: 0 },
    attempts: { failed() {}, ended() {}, couldNotSend() {} },
    onMalformed() {},
  });
  await new Promise<void>((resolve) => {
    connection.onopen = () => resolve();
  });
  expect(alive).toHaveBeenCalled();
  connection.send({ op: 'one' });
  connection.close();
  await connection.closed;
  expect(posted).toEqual([{ machine_id: 'm', session_id: 's', sse_token: 't', messages: [{ op: 'one' }] }]);
  expect(proxy.seen.map(({ target, user }) => [target.replace(/\?.*/, ''), user])).toEqual(
    Array(2).fill([scheme === 'https' ? 'instant.test:443' : 'http://instant.test/runtime/sse', 'u:p']),
  );
});

test('HTTP answers when the server does, with whatever, and not when something before it does', async () => {
  let status = 404;
  const [send, url] = await sending((_request, response) => {
    response.statusCode = status;
    response.end();
  });
  const { signal } = new AbortController();
  expect(await doesHttpAnswer(url, send, signal)).toBe(true);
  status = 502;
  expect(await doesHttpAnswer(url, send, signal)).toBe(false);
  expect(await doesHttpAnswer('http://127.0.0.1:9', send, signal)).toBe(false);
  expect(await doesHttpAnswer(url, send, AbortSignal.abort())).toBe(false);
});
