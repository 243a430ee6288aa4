import { connect } from 'node:net';
import { type Backend, type BackendOptions, startBackend } from '@instantdb/node/backend';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runtime } from '../support/runtime.ts';

async function serve(options: BackendOptions = {}): Promise<Backend> {
  const backend = await startBackend({ log: () => {}, ...options });
  onTestFinished(() => backend.close());
  return backend;
}

interface RawAnswer {
  readonly status: number;
  readonly body: string;
}

/** Sends a request as no client library would let us, and gives the answer: of a handshake, the head of it. */
function send({ port }: Backend, requestLine: string, headers: string[], body = ''): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const lines = [requestLine, ...headers, ...(body === '' ? [] : [`Content-Length: ${body.length}`])];
  return new Promise((resolve, reject) => {
    let text = '';
    const finish = (): void => {
      const [head = '', rest = ''] = text.split('\r\n\r\n');
      resolve({ status: Number(head.split(' ')[1]), body: rest });
      socket.destroy();
    };
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (headers.includes('Upgrade: websocket') && text.includes('\r\n\r\n')) finish();
    });
    socket.on('end', finish);
    socket.on('error', reject);
    socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  });
}

const ask = (backend: Backend, host: string | undefined, request = 'GET /health'): Promise<RawAnswer> =>
  send(
    backend,
    `${request} HTTP/1.${host === undefined ? 0 : 1}`,
    [...(host === undefined ? [] : [`Host: ${host}`]), 'Connection: close'],
    request.startsWith('POST') ? '{"title":"x"}' : '',
  );

const shakeHands = (backend: Backend, host: string): Promise<RawAnswer> =>
  send(backend, 'GET /runtime/session HTTP/1.1', [
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  ]);

const FOREIGN = [
  'evil.example',
  'evil.example:8888',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  '127.evil.example',
  'notlocalhost',
  'localhost@evil.example',
  'evil.example#localhost',
  '10.0.0.1',
  '0.0.0.0',
  '[::2]',
];

describe('a request by a name that is not the backend’s', () => {
  test.each(FOREIGN)('is refused: %s', async (host) => {
    const backend = await serve();
    const { status, body } = await ask(backend, host);
    // Some of them the runtime refuses itself, as no names.
    expect([400, 403]).toContain(status);
    if (status === 403) expect(body).toContain('\\"allowHosts\\", --allow-host');
    expect((await shakeHands(backend, host)).status).toBeGreaterThanOrEqual(400);
  });

  test.each([
    'GET /',
    'GET /runtime/sse?app_id=x',
    'POST /dash/apps/ephemeral',
    'OPTIONS /dash',
    'GET /none',
  ])('is refused whatever it asks for: %s', async (request) => {
    const { status, body } = await ask(await serve(), 'evil.example', request);
    expect(status).toBe(403);
    expect(body).toContain('"type":"permission-denied"');
    expect(body).toContain('"input":"evil.example"');
  });

  test('is taken when the operator allows the name', async () => {
    const backend = await serve({ allowHosts: ['Backend.Test', '10.0.0.1', 'fd00::1'] });
    for (const host of ['backend.test', 'backend.test.:80', '10.0.0.1', '[FD00::1]:8888']) {
      expect((await ask(backend, host)).status).toBe(200);
      expect((await shakeHands(backend, host)).status).toBe(101);
    }
    expect((await ask(backend, 'sub.backend.test')).status).toBe(403);
  });

  test.each(['0.0.0.0', '0'])('is taken where it listens on all addresses: %s', async (host) => {
    const backend = await serve({ host });
    expect((await ask(backend, 'backend.example')).status).toBe(200);
    expect((await shakeHands(backend, 'backend.example')).status).toBe(101);
  });
});

test.each(['localhost', 'LOCALHOST.', 'a.localhost:1', '127.0.0.1', '127.9.9.9:80', '[::1]:80', undefined])(
  'this machine’s names are the backend’s: %s',
  async (host) => {
    const backend = await serve();
    const { status } = await ask(backend, host);
    // Bun makes no address of a request without a host, so there is nothing at it.
    expect(status).toBe(host === undefined && runtime === 'bun' ? 404 : 200);
    if (host) expect((await shakeHands(backend, host)).status).toBe(101);
  },
);

test('the address it is bound to is one by which it is reached', async () => {
  const backend = await serve({ host: '127.0.0.1' });
  expect((await fetch(`${backend.url}/health`)).status).toBe(200);
  // Not all loopback: 127.0.0.2 would be taken in any case, but not ::2.
  expect((await ask(backend, '[::2]')).status).toBe(403);
});

describe('a page', () => {
  const create = async ({ url }: Backend, origin: string | undefined, path = '/dash/apps/ephemeral') => {
    // As a page can, without asking first: a form, or fetch with mode "no-cors".
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'text/plain', ...(origin !== undefined && { origin }) },
      body: '{"title":"x"}',
    });
    const body = (await response.json()) as { type?: string; message?: string; app?: object };
    return { status: response.status, body };
  };

  test.each([
    'https://evil.example',
    'http://localhost.evil.example',
    'https://evil.example:8888',
    'http://10.0.0.1',
    'null',
    'file://',
    'chrome-extension://abcdef',
    'http://localhost@evil.example',
  ])('of a website makes no app: %s', async (origin) => {
    const backend = await serve();
    const { status, body } = await create(backend, origin);
    expect(status).toBe(403);
    expect(body).toMatchObject({ type: 'permission-denied', hint: { expected: 'allowed-origin?' } });
    expect(body.message).toContain('option "allowOrigins", --allow-origin'.replace('option', 'Option'));
    for (const path of ['//dash//apps/ephemeral/', '/dash/../dash/apps/ephemeral']) {
      expect((await create(backend, origin, path)).status).toBe(403);
    }
    expect(backend.apps()).toEqual([]);
  });

  test.each([
    'http://localhost:3000',
    'https://a.localhost',
    'http://127.0.0.1:1',
    'http://[::1]:5173',
    undefined,
  ])('of this machine does, and so does a program: %s', async (origin) => {
    const backend = await serve();
    expect((await create(backend, origin)).status).toBe(200);
    expect(backend.apps()).toHaveLength(1);
  });

  test('of an origin that the operator allows does', async () => {
    const backend = await serve({ allowOrigins: ['https://App.Example/'] });
    expect((await create(backend, 'https://app.example')).status).toBe(200);
    expect((await create(backend, 'http://app.example')).status).toBe(403);
    expect((await create(backend, 'https://app.example:8443')).status).toBe(403);
  });

  test('of a website may ask what any visitor may', async () => {
    const { url } = await serve();
    const headers = { origin: 'https://app.example' };
    expect((await fetch(`${url}/dash/cli/version`, { headers })).status).toBe(200);
    expect((await fetch(`${url}/dash/apps`, { method: 'OPTIONS', headers })).status).toBe(204);
    const guest = await fetch(`${url}/runtime/auth/sign_in_guest`, { method: 'POST', headers, body: '{}' });
    expect(guest.status).toBe(400);
  });
});
