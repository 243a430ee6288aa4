import { freePort, launchRedis, type RedisServer } from './redis.ts';

/** Three nodes, each with a third of the slots and no replica. */
export interface RedisCluster {
  readonly servers: readonly RedisServer[];
  readonly nodes: { host: string; port: number }[];
  /** The node that has a key. */
  serverOf(key: string): RedisServer;
  remove(): Promise<void>;
}

const SLOTS = [
  ['0', '5460'],
  ['5461', '10922'],
  ['10923', '16383'],
] as const;

/** A cluster that somebody else ends. */
export async function launchRedisCluster(): Promise<RedisCluster> {
  const servers: RedisServer[] = [];
  const busPorts: number[] = [];
  const remove = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.remove()));
  };
  try {
    for (const slots of SLOTS) {
      const busPort = await freePort();
      const server = await launchRedis({
        'cluster-enabled': 'yes',
        'cluster-port': `${busPort}`,
        'cluster-require-full-coverage': 'no',
        // A node that is killed is not to be given up: it has no replica.
        'cluster-node-timeout': '30000',
      });
      servers.push(server);
      busPorts.push(busPort);
      server.command('CLUSTER', 'ADDSLOTSRANGE', ...slots);
    }
    const [first, ...others] = servers;
    for (const [index, { port }] of others.entries()) {
      first?.command('CLUSTER', 'MEET', '127.0.0.1', `${port}`, `${busPorts[index + 1]}`);
    }
    await Promise.all(servers.map(isJoined));
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    servers,
    nodes: servers.map(({ port }) => ({ host: '127.0.0.1', port })),
    serverOf: (key) => ownerOf(servers, key),
    remove,
  };
}

/** Resolves when the node knows who has which slot. */
async function isJoined(server: RedisServer): Promise<void> {
  for (;;) {
    const info = server.command('CLUSTER', 'INFO');
    if (/cluster_slots_ok:16384/.test(info) && /cluster_state:ok/.test(info)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function ownerOf(servers: readonly RedisServer[], key: string): RedisServer {
  const slot = Number(servers[0]?.command('CLUSTER', 'KEYSLOT', key));
  const index = SLOTS.findIndex(([, last]) => slot <= Number(last));
  const server = servers[index];
  if (!server) throw new RangeError(`No node has slot ${slot}`);
  return server;
}
