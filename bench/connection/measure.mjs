import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { start } from '../process.mjs';

/** Longer than whatever is measured takes. */
const LIMIT_MS = 600_000;
const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Measures the connections of one runtime: its clients in a process of their own, the backend and the network between
 * in another.
 * @param {string[]} command the runtime
 * @param {{ clients: number, megabytes: number, outageMs: number, only: string[] }} effort
 * @returns {Promise<{ what: string, value: string, aim: string, holds: boolean }[]>}
 */
export async function measureConnections(command, { clients, megabytes, outageMs, only }) {
  const proxy = `${root}.tmp/fault-proxy-${process.pid}.mjs`;
  await build({
    entryPoints: [`${root}conformance/support/fault-proxy/start-fault-proxy.ts`],
    outfile: proxy,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
  const server = start([process.execPath], 'connection/server.mjs', proxy);
  const subject = start(command, 'connection/clients.mjs');
  try {
    const app = await server.read();
    const ask = (question) => subject.ask({ app, ...question }, LIMIT_MS);
    const figures = [];
    if (only.includes('silence')) {
      for (const transport of ['websocket', 'sse']) figures.push(...(await silence(ask, transport)));
    }
    if (only.includes('return')) figures.push(...(await comeBack(ask, clients, outageMs)));
    if (only.includes('slow')) {
      for (const transport of ['websocket', 'sse'])
        figures.push(...(await slowLink(ask, transport, megabytes)));
    }
    return figures;
  } finally {
    await Promise.all([server.stop(), subject.stop()]);
    rmSync(proxy, { force: true });
  }
}

async function silence(ask, transport) {
  const { foundMs, liveMs, missing } = await ask({ what: 'silence', transport });
  if (missing) return [{ what: `silence, ${transport}`, value: missing, aim: '', holds: false }];
  return [
    figure(`silence found, ${transport}`, seconds(foundMs), '≤ 25 s', foundMs <= 25_000),
    figure(`live again, ${transport}`, seconds(liveMs), '', true),
  ];
}

async function comeBack(ask, clients, outageMs) {
  const { allMs, attempts, busiest, errors } = await ask({ what: 'comeBack', clients, outageMs });
  const after = `${clients} clients, outage of ${outageMs / 1_000} s`;
  return [
    figure(`${after}: first accepted to all live`, seconds(allMs), '≤ 15 s', allMs <= 15_000),
    figure(`${after}: most of ${attempts} attempts in 100 ms`, percent(busiest), '≤ 5 %', busiest <= 0.05),
    figure(`${after}: errors in user code`, String(errors), '0', errors === 0),
  ];
}

async function slowLink(ask, transport, megabytes) {
  const { ms, reconnects, status, missing } = await ask({ what: 'slow', transport, megabytes });
  const what = `${megabytes} MB each way at 500 KB/s, ${transport}`;
  if (missing) return [figure(what, missing, '', false)];
  const value = `${seconds(ms)}, ${reconnects} reconnects, ${status}`;
  return [figure(what, value, '0 reconnects', reconnects === 0)];
}

function figure(what, value, aim, holds) {
  return { what, value, aim, holds };
}

function seconds(ms) {
  return `${(ms / 1_000).toFixed(2)} s`;
}

function percent(share) {
  return `${(share * 100).toFixed(1)} %`;
}
