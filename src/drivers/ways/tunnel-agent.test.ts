import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { inbox } from '../../../conformance/support/inbox.ts';
import { createSend } from '../requests/send.ts';
import { wsDriver } from '../websocket/ws.ts';
import { createWays } from './create-ways.ts';

/** Something that takes connections and says nothing; `begun` and `gone` are told of each. */
async function silentProxy() {
  const [begun, gone] = [inbox<Socket>(), inbox<Socket>()];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => begun.push(socket));
    socket.on('close', () => gone.push(socket));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of begun.all) socket.destroy();
  });
  return { begun, gone, port: (server.address() as AddressInfo).port };
}

const cases = ['http', 'https'].flatMap((scheme) => [true, false].map((hold) => [scheme, hold] as const));

test.each(cases)(
  'a request ends with its signal while a proxy of %s: says nothing, and its connection too (hold: %s)',
  async (scheme, hold) => {
    const { port, begun, gone } = await silentProxy();
    const servers = ['https://instant.test'];
    const send = createSend(createWays({ proxy: `${scheme}://127.0.0.1:${port}`, servers }));
    const controller = new AbortController();
    const answer = send('https://instant.test/', { signal: controller.signal, hold });
    await begun.next();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    await gone.next();
  },
);

test.each(cases)(
  'a WebSocket that is dropped while a proxy of %s: says nothing leaves no connection to it (hold: %s)',
  async (scheme, hold) => {
    const { port, begun, gone } = await silentProxy();
    const url = 'wss://instant.test/runtime/session';
    const route = createWays({ proxy: `${scheme}://127.0.0.1:${port}`, servers: [url] }).to(url);
    const closes = inbox<number>();
    const events = { open() {}, message() {}, error() {}, close: closes.push };
    const socket = wsDriver.open(url, events, { hold, route });
    await begun.next();
    socket.terminate();
    await Promise.all([closes.next(), gone.next()]);
  },
);

test('a request that is ended before there is a connection makes none', async () => {
  const { port, begun, gone } = await silentProxy();
  const servers = ['https://instant.test'];
  const send = createSend(createWays({ proxy: `http://127.0.0.1:${port}`, servers }));
  const controller = new AbortController();
  const answer = send('https://instant.test/', { signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(answer).rejects.toThrow('enough');
  const other = new AbortController();
  const next = send('https://instant.test/', { signal: other.signal });
  await begun.next();
  other.abort();
  await expect(next).rejects.toThrow();
  await gone.next();
  expect([begun.all.length, gone.all.length]).toEqual([1, 1]);
});

test.each(cases)(
  'a proxy of %s: that is not there, or hangs up, is told (hold: %s)',
  async (scheme, hold) => {
    const [absent, rude] = [createServer(), createServer((socket) => socket.destroy())];
    for (const server of [absent, rude]) await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void rude.close());
    const ports = [absent, rude].map((server) => (server.address() as AddressInfo).port);
    await new Promise((resolve) => absent.close(resolve));
    for (const port of ports) {
      const proxy = `${scheme}://127.0.0.1:${port}`;
      const send = createSend(createWays({ proxy, servers: ['https://instant.test'] }));
      await expect(send('https://instant.test/', { hold })).rejects.toThrow(
        `no answer from the proxy "${proxy}"`,
      );
    }
    // A label of 64 letters: one too many, so that no server is asked.
    const unknown = `${scheme}://${'x'.repeat(64)}.test`;
    const send = createSend(createWays({ proxy: unknown, servers: ['https://instant.test'] }));
    await expect(send('https://instant.test/', { hold })).rejects.toThrow(
      `no answer from the proxy "${unknown}"`,
    );
  },
);
