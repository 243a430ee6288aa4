import { expect, onTestFinished } from 'vitest';
import type { ManyWriterInput } from '../programs/many-writer.ts';
import { buildProgram, type Child } from '../support/child.ts';
import { type FakeInstant, fakeInstant } from '../support/fake-instant.ts';
import { seededRandom } from '../support/random.ts';
import { runtime } from '../support/runtime.ts';
import type { Place } from './sweep.ts';

/** Far more than a process takes for all of them where twenty others have the processor, too. */
const HANGS_AFTER_MS = 400_000;

/** Length of all that is written: a filesystem or SQLite saves it in several batches, of 16 MB each. */
const CHARACTERS = 24_000_000;
/** What a write is without its padding: offline, before any session, each adds the attributes that it names. */
const STEPS = 700;
/**
 * How many delivered writes a process that is killed leaves in the storage at most: 1,000 that were sent and not answered,
 * and 1,000 that were answered and not removed.
 */
const MOST_TWICE = 2_000;
/** So few are never acknowledged before the first kill: there are to be two more, each behind {@link MOST_TWICE}. */
const LEAST_ACKNOWLEDGED = 2 * MOST_TWICE + 500;

/** A write as it arrived at the server. */
interface Arrival {
  eventId: string;
  n: number;
}

/**
 * Kills a process while very many writes, made in one turn, are being saved, and two while they are being delivered and
 * removed. What is kept has to be the first of them, with all that were acknowledged; each of those has to arrive, in
 * order, and only so many more than once; and nothing may be left. Prints the counts.
 */
export async function killAmongMany(
  name: string,
  place: Place,
  { count, seed }: { count: number; seed: number },
): Promise<void> {
  const started = performance.now();
  process.stdout.write(`${name} on ${runtime}: kills among ${count} pending (SEED=${seed})\n`);
  const random = seededRandom(seed);
  const program = await buildProgram('many-writer');
  onTestFinished(() => program.remove());
  let arrivals = 0;
  /** After so many arrivals nothing is answered any more, and this is done. */
  let end: { after: number; act: () => void } | undefined;
  const server = await fakeInstant({
    answer(message, _peer, good) {
      if (message.op !== 'transact') return good;
      arrivals++;
      if (arrivals === end?.after) end.act();
      return end && arrivals >= end.after ? undefined : good;
    },
  });
  const start = (task: ManyWriterInput['task']): Child =>
    program.start(
      {
        config: { ...server.address, ...place },
        task,
        count,
        padding: Math.max(0, CHARACTERS / count - STEPS),
      },
      { hangsAfterMs: HANGS_AFTER_MS },
    );

  const half = Math.max(LEAST_ACKNOWLEDGED, Math.floor(count / 2));
  const acknowledged = await writeAndKill(
    start('write'),
    half + random.below(Math.floor(count * 0.9) - half),
  );
  expect(acknowledged).toBeGreaterThanOrEqual(half);

  /** What arrives of a process that delivers, killed at some arrival that comes after the first removal, or never. */
  async function deliver(isKilled: boolean): Promise<Arrival[]> {
    const before = server.peers.all.length;
    arrivals = 0;
    const after = MOST_TWICE + 1 + random.below(Math.floor(acknowledged / 2) - MOST_TWICE);
    const child = start('deliver');
    end = isKilled ? { after, act: () => child.kill() } : undefined;
    expect(await child.ended).toEqual(
      isKilled ? { code: null, signal: 'SIGKILL', errors: '' } : { code: 0, signal: null, errors: '' },
    );
    return arrivedSince(server, before);
  }

  const lots = [await deliver(true), await deliver(true), await deliver(false)];
  const eventIds = new Map<number, string>();
  let twice = 0;
  for (const [index, lot] of lots.entries()) {
    const [first = 0, last = 0] = [lot[0]?.n, lot.at(-1)?.n];
    expect(lot.map(({ n }) => n)).toEqual(numbers(first, last));
    const sentBefore = eventIds.size;
    expect(first).toBeLessThanOrEqual(sentBefore + 1);
    const again = sentBefore + 1 - first;
    expect(again).toBeLessThanOrEqual(MOST_TWICE);
    if (index > 0) expect(first).toBeGreaterThan(lots[index - 1]?.[0]?.n ?? 0);
    twice += again;
    for (const { n, eventId } of lot) {
      expect(eventIds.get(n) ?? eventId).toBe(eventId);
      eventIds.set(n, eventId);
    }
  }
  const kept = eventIds.size;
  expect(new Set(eventIds.values()).size).toBe(kept);
  expect(kept).toBeGreaterThanOrEqual(acknowledged);
  expect(await deliver(false)).toEqual([]);
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  const counts = lots.map(({ length }) => length).join(', ');
  process.stdout.write(
    `${name} on ${runtime}: of ${count} writes in one turn ${acknowledged} were acknowledged and ${kept} kept; ${counts} arrived of three processes, two of them killed: ${twice} arrived twice, none was lost or out of order, none is left (${seconds} s, SEED=${seed})\n`,
  );
}

/** Kills it once it has acknowledged so many. The last that it acknowledged. */
async function writeAndKill(child: Child, after: number): Promise<number> {
  await Promise.race([child.lines.first((line) => line === `${after} enqueued`), child.ended]);
  child.kill();
  expect(await child.ended).toMatchObject({ signal: 'SIGKILL', errors: '' });
  const said = child.lines.all.filter((line) => line !== 'made');
  expect(said).toEqual(numbers(1, said.length).map((n) => `${n} enqueued`));
  return said.length;
}

/** Resolves once no process is connected any more. */
async function allGone(server: FakeInstant): Promise<void> {
  await Promise.all(server.peers.all.map(({ gone }) => gone));
}

/** What has arrived from the processes that connected after so many others, once they are gone. */
async function arrivedSince(server: FakeInstant, before: number): Promise<Arrival[]> {
  await allGone(server);
  const messages = server.peers.all.slice(before).flatMap((peer) => peer.messages.all);
  return messages
    .filter(({ op }) => op === 'transact')
    .map((message) => {
      const title = (message['tx-steps'] as unknown[][]).at(-1)?.[3];
      return { eventId: String(message['client-event-id']), n: Number.parseInt(String(title), 10) };
    });
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
