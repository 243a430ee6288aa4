import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Backend } from '@instantdb/node/backend';
import { onTestFinished } from 'vitest';

/** Stands between clients and a backend, and can cut every connection there is. */
export interface TcpProxy extends Pick<Backend, 'url' | 'websocketURI'> {
  /** Cuts all connections, in the middle of whatever they do; new ones are taken. */
  cut(): void;
}

/** A proxy for `backend`, which holds everything back for `delayMs` each way; closed when the test ends. */
export async function tcpProxy(backend: Backend, delayMs = 0): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(backend.port, '127.0.0.1');
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      if (delayMs === 0) one.pipe(other);
      else one.on('data', (chunk) => setTimeout(() => other.writable && other.write(chunk), delayMs));
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const cut = (): void => {
    for (const socket of [...sockets]) socket.destroy();
  };
  onTestFinished(() => {
    server.close();
    cut();
  });
  const { port } = server.address() as AddressInfo;
  const moved = (uri: string): string => uri.replace(`:${backend.port}`, `:${port}`);
  return { url: moved(backend.url), websocketURI: moved(backend.websocketURI), cut };
}
