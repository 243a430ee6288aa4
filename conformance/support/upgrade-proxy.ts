import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Backend } from '@instantdb/node/backend';
import { onTestFinished } from 'vitest';

/** Stands between clients and a backend, as a proxy does that may not know of WebSockets. */
export interface UpgradeProxy extends Pick<Backend, 'url' | 'websocketURI'> {
  /**
   * What a handshake of a WebSocket is answered with; `pass` to let it through, `cut` to let it through and end it
   * at the first message.
   */
  upgrades: number | 'pass' | 'cut';
  /** With what an HTTP request that is no handshake is answered; `pass` to let it through. */
  requests: number | 'pass';
  /** The connections so far, by what they began with. */
  readonly begun: { upgrade: number; stream: number; other: number };
  /** Cuts all connections; with `isAway`, new ones are cut too. */
  cut(isAway?: boolean): void;
}

/** A proxy for `backend`, closed when the test ends. */
export async function upgradeProxy(backend: Backend): Promise<UpgradeProxy> {
  const sockets = new Set<Socket>();
  let isAway = false;
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    track(client);
    if (isAway) client.destroy();
    else client.once('data', (head) => begin(client, head));
  });
  const begin = (client: Socket, head: Buffer): void => {
    const text = head.toString('latin1');
    const isUpgrade = /^upgrade: *websocket/im.test(text);
    proxy.begun[isUpgrade ? 'upgrade' : text.includes('/runtime/sse') ? 'stream' : 'other']++;
    const rule = isUpgrade ? proxy.upgrades : proxy.requests;
    if (typeof rule === 'number') {
      client.end(`HTTP/1.1 ${rule} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
      return;
    }
    const upstream = connect(backend.port, '127.0.0.1');
    track(upstream);
    upstream.write(head);
    client.pipe(upstream);
    upstream.pipe(client);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    if (rule === 'cut') client.once('data', () => client.destroy());
  };
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const moved = (uri: string): string => uri.replace(`:${backend.port}`, `:${port}`);
  const proxy: UpgradeProxy = {
    url: moved(backend.url),
    websocketURI: moved(backend.websocketURI),
    upgrades: 'pass',
    requests: 'pass',
    begun: { upgrade: 0, stream: 0, other: 0 },
    cut(away = false) {
      isAway = away;
      for (const socket of [...sockets]) socket.destroy();
    },
  };
  onTestFinished(() => {
    server.close();
    proxy.cut();
  });
  return proxy;
}
