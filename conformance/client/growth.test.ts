import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Input, Work } from '../programs/growth.ts';
import { buildProgram, type Program } from '../support/child.ts';
import { type Growth, grown } from '../support/growth.ts';
import type { Held } from '../support/held.ts';
import { addressOf, serve } from '../support/open.ts';
import { runtime } from '../support/runtime.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';

const flags: Record<string, string[]> = {
  bun: [],
  deno: ['run', '--allow-all', '--no-lock', '--v8-flags=--expose-gc'],
};

/** How many of each a round makes: on most runtimes, on one, and with `GROWTH=full` in the environment. */
const COUNTS: Record<Work, [few: number, some: number, full: number]> = {
  subscriptions: [1_000, 2_500, 100_000],
  transactions: [1_000, 2_500, 100_000],
  rooms: [1_000, 2_500, 10_000],
  databases: [200, 300, 1_000],
  offline: [1_000, 2_500, 10_000],
  waiting: [1_000, 2_500, 10_000],
  reconnects: [300, 300, 1_000],
};
const ROUNDS = 3;
/** For what hangs. */
const PATIENT_MS = process.env.GROWTH === 'full' ? 1_800_000 : 300_000;
/** What a process may grow by with a round: in bytes, and in objects of one class that are no thing's own. */
const MOST_BYTES = 1_048_576;
const MOST_OBJECTS = 150;

let program: Program;
beforeAll(async () => {
  program = await buildProgram('growth');
});
afterAll(() => program.remove());

function countOf(work: Work): number {
  const [few, some, full] = COUNTS[work];
  if (process.env.GROWTH === 'full') return full;
  return runtime === 'node24' ? some : few;
}

/** Has a process do the work, and says by what it grew with each round after the first. */
async function growthBy(work: Work, config: Input['config'], cut: () => void): Promise<Growth> {
  const input: Input = { config, work, count: countOf(work), rounds: ROUNDS };
  const child = program.start(input, { flags: flags[runtime] ?? ['--expose-gc'], hangsAfterMs: PATIENT_MS });
  const said: Held[] = [];
  while (said.length < ROUNDS) {
    const line = await Promise.race([child.lines.next(), child.ended]);
    if (typeof line !== 'string') throw new Error(`The process ended: ${JSON.stringify(line)}`);
    if (line === 'cut') cut();
    else if (line !== 'ready') said.push(JSON.parse(line) as Held);
  }
  expect(await child.ended).toMatchObject({ code: 0, signal: null });
  return grown(said);
}

function expectFlat(work: Work, { heapBytes, counts }: Growth): void {
  const count = countOf(work);
  if (process.env.GROWTH === 'full') console.log(`${runtime}: ${count} ${work}: ${heapBytes} bytes`);
  expect(counts.filter(({ by }) => by > Math.max(count / 10, MOST_OBJECTS))).toEqual([]);
  expect(heapBytes).toBeLessThan(MOST_BYTES);
}

test.each(Object.keys(COUNTS) as Work[])(
  'nothing is left behind in a client by %s',
  async (work) => {
    const backend = await serve();
    const proxy = await tcpProxy(backend);
    const { appId } = addressOf(backend);
    // Of the delays between tries nothing is to be seen here.
    const connection = { firstRetryMs: 1, maxRetryMs: 1, maxConnectsPerSecond: 10_000 };
    const config = { appId, apiURI: proxy.url, websocketURI: proxy.websocketURI, connection };
    expectFlat(work, await growthBy(work, config, proxy.cut));
  },
  PATIENT_MS,
);

// Transactions are left out: the backend keeps which ones it has done, to do none twice.
test.each(['subscriptions', 'rooms', 'databases'] as const)(
  'nothing is left behind in a local backend by %s',
  async (work) => expectFlat(work, await growthBy(work, undefined, () => {})),
  PATIENT_MS,
);
