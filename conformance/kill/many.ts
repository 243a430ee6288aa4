import { expect, onTestFinished } from 'vitest';
import type { ManyWriterInput } from '../programs/many-writer.ts';
import { buildProgram, type Child } from '../support/child.ts';
import { type FakeInstant, fakeInstant } from '../support/fake-instant.ts';
import { seededRandom } from '../support/random.ts';
import { runtime } from '../support/runtime.ts';
import type { Place } from './sweep.ts';

/** Length of all that is written: a filesystem or SQLite saves it in several batches, of 16 MB each. */
const CHARACTERS = 24_000_000;

/** A write as it arrived at the server. */
interface Arrival {
  eventId: string;
  n: number;
}

/**
 * Kills a process while very many writes, made in one turn, are being saved, and one while they are being delivered and
 * removed. What is kept has to be the first of them, with all that were acknowledged; each of those has to arrive, in
 * order; what was removed may not arrive again; and nothing may be left. Prints the counts.
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
  const onArrival: { act: (() => void) | undefined; at: number } = { act: undefined, at: 0 };
  let arrivals = 0;
  // Looking is done in a session, as `ready` waits for one; nothing is confirmed to it.
  let isLooking = false;
  const server = await fakeInstant({
    answer(message, _peer, good) {
      if (message.op !== 'transact') return good;
      if (isLooking) return undefined;
      if (++arrivals === onArrival.at) onArrival.act?.();
      return good;
    },
  });
  const start = (task: ManyWriterInput['task']): Child =>
    program.start({ config: { ...server.address, ...place }, task, count, padding: CHARACTERS / count });

  /** The ids of the writes that are kept, in order. */
  async function look(): Promise<string[]> {
    isLooking = true;
    const child = start('look');
    const line = await Promise.race([child.lines.first(), child.ended]);
    child.kill();
    expect(await child.ended).toMatchObject({ signal: 'SIGKILL', errors: '' });
    expect(line).toMatch(/^kept /);
    await allGone(server);
    isLooking = false;
    return String(line).slice('kept '.length).split(',').filter(Boolean);
  }

  const acknowledged = await writeAndKill(start('write'), random.below(Math.floor(count * 0.9)));
  const kept = await look();
  expect(kept.length).toBeGreaterThanOrEqual(acknowledged);
  if (kept.length === 0) return killAmongMany(name, place, { count, seed: seed + 1 });

  let before = server.peers.all.length;
  onArrival.at = 1 + random.below(kept.length);
  const killed = start('deliver');
  onArrival.act = () => killed.kill();
  expect(await killed.ended).toMatchObject({ signal: 'SIGKILL', errors: '' });
  const first = await arrivedSince(server, before);
  expect(first.map(({ n }) => n)).toEqual(numbers(1, first.length));
  expect(first.map(({ eventId }) => eventId)).toEqual(kept.slice(0, first.length));

  const left = await look();
  expect(left).toEqual(kept.slice(kept.length - left.length));
  const removed = kept.length - left.length;
  expect(removed).toBeLessThanOrEqual(first.length);

  before = server.peers.all.length;
  expect(await start('deliver').ended).toEqual({ code: 0, signal: null, errors: '' });
  const second = await arrivedSince(server, before);
  expect(second.map(({ n }) => n)).toEqual(numbers(removed + 1, kept.length));
  expect(second.map(({ eventId }) => eventId)).toEqual(left);
  expect(await look()).toEqual([]);
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  process.stdout.write(
    `${name} on ${runtime}: of ${count} writes in one turn ${acknowledged} were acknowledged and ${kept.length} kept; ${first.length} arrived and ${removed} were removed before the second kill, ${first.length - removed} arrived twice, none was lost or out of order, none is left (${seconds} s, SEED=${seed})\n`,
  );
}

/** Kills it once it has acknowledged so many, or right after it has made them. The last that it acknowledged. */
async function writeAndKill(child: Child, after: number): Promise<number> {
  const moment = after === 0 ? 'made' : `${after} enqueued`;
  await Promise.race([child.lines.first((line) => line === moment), child.ended]);
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
