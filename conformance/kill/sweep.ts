import { i, id } from '@instantdb/node';
import type { BackendApp } from '@instantdb/node/backend';
import { expect, onTestFinished } from 'vitest';
import type { WriterInput } from '../programs/writer.ts';
import { buildProgram, type Child } from '../support/child.ts';
import { addressOf, serve } from '../support/open.ts';
import { seededRandom } from '../support/random.ts';
import { runtime } from '../support/runtime.ts';

/** Where the killed processes keep their writes: options of `init`, as JSON holds them. */
export type Place = Record<string, unknown>;

/** Longest time between the first write of a process and its end. */
const LIFETIME_MS = 120;
/** After so many kills, everything is delivered and looked at. */
const KILLS_A_CHECK = 10;
/** More than a process writes in its life: the numbers of two never meet. */
const NUMBERS_A_PROCESS = 1_000_000;

/**
 * Kills processes that write at full speed into one storage, some of them while they start, and lets the next take it
 * over. Whatever was acknowledged has to reach the backend once, whole, and in order. Prints the counts.
 */
export async function sweep(
  name: string,
  place: Place,
  { kills, seed, inFlight = [50] }: { kills: number; seed: number; inFlight?: readonly number[] },
): Promise<void> {
  const random = seededRandom(seed);
  const program = await buildProgram('writer');
  onTestFinished(() => program.remove());
  const head = id();
  const { app, address } = await serveNumbers(head);
  const acknowledged = new Map<string, number[]>([
    ['enqueued', []],
    ['synced', []],
  ]);
  const start = (input: Omit<WriterInput, 'config' | 'head'>): Child =>
    program.start({ config: { ...address, ...place }, head, ...input });

  async function writeAndKill(from: number): Promise<void> {
    const isOnline = random.below(2) === 0;
    const child = start({ task: 'write', isOnline, inFlight: random.pick([1, 3, ...inFlight]), from });
    const isStarting = random.below(10) === 0;
    if (!isStarting) await Promise.race([child.lines.first(), child.ended]);
    await sleep(random.below(isStarting ? 400 : LIFETIME_MS));
    child.kill();
    const { signal, errors } = await child.ended;
    expect({ signal, errors }).toEqual({ signal: 'SIGKILL', errors: '' });
    for (const [n = '', status = ''] of child.lines.all.map((line) => line.split(' '))) {
      acknowledged.get(status)?.push(Number(n));
    }
  }

  async function drain(): Promise<void> {
    const child = start({ task: 'drain', isOnline: true, inFlight: 0, from: 0 });
    const ended = await child.ended;
    expect({ ...ended, lines: child.lines.all }).toEqual({
      code: 0,
      signal: null,
      errors: '',
      lines: ['drained'],
    });
  }

  for (let kill = 1; kill <= kills; kill++) {
    await writeAndKill(kill * NUMBERS_A_PROCESS);
    if (kill % KILLS_A_CHECK !== 0 && kill !== kills) continue;
    await drain();
    compare([...acknowledged.values()].flat(), app);
  }
  const counts = [...acknowledged].map(([status, numbers]) => `${numbers.length} ${status}`).join(' and ');
  expect([...acknowledged.values()].flat().length).toBeGreaterThan(kills);
  process.stdout.write(
    `${name} on ${runtime}: ${kills} kills, ${counts} writes acknowledged, ${numbersIn(app, 'logs').length} delivered: none lost, none twice, none half, none out of order (SEED=${seed})\n`,
  );
}

function compare(acknowledged: readonly number[], app: BackendApp): void {
  const delivered = numbersIn(app, 'logs');
  const seen = new Set(delivered);
  expect(acknowledged.filter((n) => !seen.has(n))).toEqual([]);
  expect(seen.size).toBe(delivered.length);
  expect(numbersIn(app, 'marks')).toEqual(delivered);
}

function numbersIn(app: BackendApp, namespace: string): number[] {
  const { attrs, triples } = app.snapshot();
  const attr = attrs.find(({ 'forward-identity': [, etype, label] }) => etype === namespace && label === 'n');
  return triples
    .filter(([, a]) => a === attr?.id)
    .map(([, , n]) => Number(n))
    .sort((a, b) => a - b);
}

/** An app that refuses a write that comes too late, or twice: each has to have a higher number than the one before. */
async function serveNumbers(head: string): Promise<{ app: BackendApp; address: object }> {
  const server = await serve();
  const schema = i.schema({
    entities: {
      heads: i.entity({ last: i.number() }),
      logs: i.entity({ n: i.number(), pad: i.string() }),
      marks: i.entity({ n: i.number() }),
    },
  });
  const app = server.createApp({
    schema,
    rules: { heads: { allow: { update: 'newData.last > data.last' } } },
  });
  const { attrs } = app.snapshot();
  const attrOf = (label: string): string =>
    attrs.find(({ 'forward-identity': [, etype, name] }) => etype === 'heads' && name === label)?.id ?? '';
  app.load({
    triples: [
      [head, attrOf('id'), head, 1],
      [head, attrOf('last'), 0, 1],
    ],
  });
  return { app, address: addressOf(server, app) };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
