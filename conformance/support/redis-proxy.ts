import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Stands between a client and a Redis server. */
export interface RedisProxy {
  readonly url: string;
  /** Lets everything through to the server and nothing of its answers. */
  mute(): void;
  /** Lets answers through again, on connections that are made from now on. */
  hear(): void;
  /** The same, and cuts the others. */
  restore(): void;
}

/** A proxy for the server on `port`; closed when the test ends. */
export async function redisProxy(port: number): Promise<RedisProxy> {
  const clients = new Set<Socket>();
  const upstreams = new Set<Socket>();
  const muted = new WeakSet<Socket>();
  let isMute = false;
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    clients.add(client);
    if (isMute) muted.add(client);
    upstreams.add(upstream);
    client.on('data', (data) => upstream.write(data));
    upstream.on('data', (data) => {
      if (!muted.has(client)) client.write(data);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => {});
      one.on('close', () => {
        clients.delete(one);
        upstreams.delete(one);
        other.destroy();
      });
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const cut = (): void => {
    for (const socket of [...clients, ...upstreams]) socket.destroy();
  };
  onTestFinished(() => {
    server.close();
    cut();
  });
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mute: () => {
      isMute = true;
      for (const client of clients) muted.add(client);
    },
    hear: () => {
      isMute = false;
    },
    restore: () => {
      isMute = false;
      cut();
    },
  };
}
