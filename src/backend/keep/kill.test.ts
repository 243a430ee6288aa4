import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { random } from '../../../conformance/support/random.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { Child, programOf } from '../testing/child-process.ts';
import { type Message, RawSession } from '../testing/raw-session.ts';

// A backend is killed by SIGKILL again and again while transactions come in. KILLS says how often, SEED repeats a run:
//   KILLS=250 npx vitest run src/backend/disk/kill.test.ts
const KILLS = Number(process.env.KILLS ?? 30);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

/** What a client knows of a transaction that it sent: it creates two todos with the same text. */
interface Sent {
  readonly id: string;
  readonly text: string;
  readonly steps: JsonValue;
  /** Set once it was acknowledged. */
  txId: number | undefined;
  /** Whether a result has shown it. */
  seen: boolean;
}

interface App {
  readonly websocketURI: string;
  readonly id: string;
  readonly adminToken: string;
}

const sent: Sent[] = [];
/** How many answers and results arrived before a kill, and so were promises. */
let promises = 0;
let highestTxId = 0;
let processedTxId = 0;

test(`${KILLS} kills lose nothing that was acknowledged or shown (SEED=${SEED})`, {
  timeout: 120_000 + KILLS * 20_000,
}, async () => {
  const chance = random(SEED);
  const folder = mkdtempSync(join(tmpdir(), 'instant-kill-'));
  const program = await programOf(new URL('../testing/kill-child.ts', import.meta.url));
  onTestFinished(() => {
    program.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  let duringStart = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const child = new Child(program.command, [folder]);
    if (chance() < 0.2) {
      // While it starts: the file may be half made, or its log half read.
      await sleep(chance() * 400);
      await child.kill();
      duringStart++;
      continue;
    }
    const app: App = JSON.parse(await child.line(/websocketURI/));
    await checkKept(app);
    await writeUntilKilled(app, child, chance);
  }
  const child = new Child(program.command, [folder]);
  await checkKept(JSON.parse(await child.line(/websocketURI/)));
  await child.kill();
  const line = `${KILLS} kills (${duringStart} during start), ${sent.length} transactions sent, ${promises} answers and results before a kill: none taken back, none half there`;
  process.stdout.write(`${line}; SEED=${SEED}\n`);
  expect(promises).toBeGreaterThan(KILLS);
});

/** Opens a session as the admin, with the ids of the attributes it was greeted with. */
async function open({ websocketURI, id, adminToken }: App): Promise<[RawSession, Map<string, string>]> {
  const session = await RawSession.open(websocketURI);
  const greeting = await session.ask({ op: 'init', 'app-id': id, '__admin-token': adminToken });
  expect(greeting.op).toBe('init-ok');
  const attrs = greeting.attrs as { id: string; 'forward-identity': string[] }[];
  return [session, new Map(attrs.map((attr) => [attr['forward-identity'].slice(1).join('.'), attr.id]))];
}

async function checkKept(app: App): Promise<void> {
  const [session] = await open(app);
  const answer = await session.ask({ op: 'add-query', q: { todos: {} } });
  expect(Number(answer['processed-tx-id'])).toBeGreaterThanOrEqual(processedTxId);
  const counts = countTexts(answer.result);
  for (const { text, txId, seen } of sent) {
    const count = counts.get(text) ?? 0;
    expect([text, count === 0 || count === 2]).toEqual([text, true]);
    if (txId !== undefined || seen) expect([text, count]).toEqual([text, 2]);
  }
  // The client did not hear of these, and sends them again, as clients do. Those that had arrived happen no second time.
  for (const one of sent.filter(({ txId }) => txId === undefined)) await resend(session, one);
  const last = sent.at(-1);
  if (last) expect(await resend(session, last)).toBe(last.txId);
  await session.close();
}

async function resend(session: RawSession, one: Sent): Promise<unknown> {
  const answer = await session.ask({ op: 'transact', 'tx-steps': one.steps, 'client-event-id': one.id });
  expect(answer.op).toBe('transact-ok');
  one.txId ??= Number(answer['tx-id']);
  highestTxId = Math.max(highestTxId, one.txId);
  return answer['tx-id'];
}

/** Sends transactions in bursts, with a live query open, and kills the backend somewhere in between. */
async function writeUntilKilled(app: App, child: Child, chance: () => number): Promise<void> {
  const [session, attrs] = await open(app);
  const [watcher] = await open(app);
  await watcher.ask({ op: 'add-query', q: { todos: {} } });
  const [id, text] = [attrs.get('todos.id'), attrs.get('todos.text')];
  const burst = 1 + Math.floor(chance() * 30);
  for (let n = 0; n < burst; n++) {
    const one = { id: crypto.randomUUID(), text: `${sent.length}`, txId: undefined, seen: false };
    const steps = [crypto.randomUUID(), crypto.randomUUID()].flatMap((e) => [
      ['add-triple', e, id, e, { mode: 'create' }],
      ['add-triple', e, text, one.text, { mode: 'create' }],
    ]) as JsonValue;
    sent.push({ ...one, steps });
    session.send({ op: 'transact', 'tx-steps': steps, 'client-event-id': one.id });
  }
  await Promise.race([session.nextOf('transact-ok').then(noteAnswer), child.ended]);
  await sleep(chance() * 12);
  await child.kill();
  await Promise.all([session.closed, watcher.closed]);
  // What was on its way when the process died counts as heard.
  for (const message of [...session.pending, ...watcher.pending]) noteAnswer(message);
}

function noteAnswer(message: Message): void {
  promises++;
  if (message.op === 'transact-ok') {
    const one = sent.find(({ id }) => id === message['client-event-id']);
    expect(Number(message['tx-id'])).toBeGreaterThan(highestTxId);
    highestTxId = Number(message['tx-id']);
    if (one) one.txId = highestTxId;
  } else if (message.op === 'refresh-ok') {
    processedTxId = Math.max(processedTxId, Number(message['processed-tx-id']));
    const [computation] = message.computations as { 'instaql-result': JsonValue }[];
    // A refresh may bring attributes alone.
    if (!computation) return;
    const counts = countTexts(computation['instaql-result']);
    for (const one of sent) one.seen ||= counts.has(one.text);
  } else {
    expect(message.op).toBe('refresh-ok');
  }
}

function countTexts(result: unknown): Map<string, number> {
  const [{ data }] = result as [{ data: { 'datalog-result': { 'join-rows': JsonValue[][][] } } }];
  const counts = new Map<string, number>();
  for (const triple of data['datalog-result']['join-rows'].flat()) {
    const v = triple[2];
    if (typeof v === 'string' && /^\d+$/.test(v)) counts.set(v, (counts.get(v) ?? 0) + 1);
  }
  return counts;
}

// Not a wait for something to happen: the moment of the kill, which is to be any.
function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
