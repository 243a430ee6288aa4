import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Stands between a client and a Redis server. */
export interface RedisProxy {
  readonly url: string;
  /** Lets everything through to the server and nothing of its answers. */
  mute(): void;
  /** The same, from the moment on at which a client sends something that has `text` in it. */
  muteAt(text: string): void;
  /** Lets every answer through so many ms late. */
  delay(ms: number): void;
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
  let muteAt: string | undefined;
  let delayMs = 0;
  const mute = (): void => {
    isMute = true;
    for (const client of clients) muted.add(client);
  };
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    clients.add(client);
    if (isMute) muted.add(client);
    upstreams.add(upstream);
    client.on('data', (data) => {
      if (muteAt !== undefined && data.includes(muteAt)) mute();
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (muted.has(client)) return;
      if (delayMs === 0) client.write(data);
      else setTimeout(() => client.write(data), delayMs);
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
    mute,
    muteAt: (text) => {
      muteAt = text;
    },
    delay: (ms) => {
      delayMs = ms;
    },
    hear: () => {
      isMute = false;
    },
    restore: () => {
      isMute = false;
      muteAt = undefined;
      cut();
    },
  };
}
