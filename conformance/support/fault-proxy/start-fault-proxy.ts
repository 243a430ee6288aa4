import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { type Inbox, inbox } from '../inbox.ts';
import { DIRECTIONS, type Direction, type LaneCounts, type LaneFaults, NO_FAULTS } from './lane-faults.ts';
import { Link } from './link.ts';
import { pass, type Rule } from './rule.ts';

/**
 * What becomes of a new connection: it is passed on; reset; taken, with nothing ever said; or passed on until the
 * handshake is done, with nothing said after it.
 */
export type Door = 'open' | 'reset' | 'silent' | 'mute';

/** Stands between clients and a backend, and does to their connections what networks do. */
export interface FaultProxy {
  readonly port: number;
  readonly url: string;
  readonly websocketURI: string;
  /** All connections so far, in order. */
  readonly links: Inbox<Link>;
  /** What has arrived over all of them. */
  readonly counts: Readonly<Record<Direction, Readonly<LaneCounts>>>;
  /** What becomes of the connections that are made from now on. `open` at first. */
  door: Door;
  /** What becomes of messages. Everything passes at first. */
  rule: Rule;
  /** The connections that there are. */
  openLinks(): Link[];
  /** Changes what is wrong with a direction, for all connections that there are and will be. */
  set(direction: Direction | 'both', faults: Partial<LaneFaults>): void;
  /** From now on nothing arrives this way. It is kept. */
  partition(direction?: Direction | 'both'): void;
  /** Nothing is wrong any more: what was kept arrives, and who believed in a side that vanished is reset. */
  heal(): void;
  /** One side of every connection is gone and silent. */
  vanish(side: 'client' | 'server'): void;
  /** Resets every connection. */
  reset(): void;
  /** Stops listening: connecting is refused. */
  refuse(): Promise<void>;
  /** Listens again, on the same port. */
  admit(): Promise<void>;
  /** Resets every connection and stops listening. Repeatable. */
  close(): Promise<void>;
}

/** Starts a {@link FaultProxy} for the backend on `port`, on a port of its own, of this machine alone. */
export async function startFaultProxy(backend: {
  port: number;
  url: string;
  websocketURI: string;
}): Promise<FaultProxy> {
  const links = inbox<Link>();
  const open = new Set<Link>();
  /** Those of which nothing comes back after the handshake. */
  const muted = new Set<Link>();
  const faults: Record<Direction, LaneFaults> = { up: { ...NO_FAULTS }, down: { ...NO_FAULTS } };
  const counts: Record<Direction, LaneCounts> = {
    up: { bytes: 0, frames: 0 },
    down: { bytes: 0, frames: 0 },
  };

  const take = (client: Socket): void => {
    const { door } = proxy;
    if (door === 'reset') {
      client.on('error', () => {});
      client.destroy();
      return;
    }
    const upstream =
      door === 'silent' ? undefined : connect({ port: backend.port, host: '127.0.0.1', allowHalfOpen: true });
    const link: Link = new Link(client, upstream, {
      faults: (direction) =>
        direction === 'down' && muted.has(link) && link.counts('down').bytes > 0
          ? { ...faults.down, isHeld: true }
          : faults[direction],
      rule: () => proxy.rule,
      passed(direction, { bytes, frames }) {
        counts[direction].bytes += bytes;
        counts[direction].frames += frames;
      },
    });
    open.add(link);
    if (door === 'mute') muted.add(link);
    void link.closed().then(() => open.delete(link));
    links.push(link);
  };

  let server: Server = await listen(take, 0);
  const { port } = server.address() as AddressInfo;
  const moved = (uri: string): string => uri.replace(`:${backend.port}`, `:${port}`);
  const proxy: FaultProxy = {
    port,
    url: moved(backend.url),
    websocketURI: moved(backend.websocketURI),
    links,
    counts,
    door: 'open',
    rule: pass,
    openLinks: () => [...open],
    set(direction, change) {
      for (const one of direction === 'both' ? DIRECTIONS : [direction]) Object.assign(faults[one], change);
      for (const link of [...open]) link.run();
    },
    partition: (direction = 'both') => proxy.set(direction, { isHeld: true }),
    heal() {
      proxy.door = 'open';
      proxy.rule = pass;
      muted.clear();
      for (const link of [...open]) link.heal();
      proxy.set('both', NO_FAULTS);
    },
    vanish(side) {
      for (const link of [...open]) link.vanish(side);
    },
    reset() {
      for (const link of [...open]) link.reset();
    },
    async refuse() {
      server.close();
    },
    async admit() {
      if (!server.listening) server = await listen(take, port);
    },
    async close() {
      server.close();
      proxy.reset();
      // Not until all are gone: on Node 24 one was seen that never said so, although both its sockets were reset.
      await turn();
    },
  };
  return proxy;
}

async function listen(take: (client: Socket) => void, port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, take);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
