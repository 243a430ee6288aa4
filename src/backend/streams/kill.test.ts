import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { random } from '../../../conformance/support/random.ts';
import { Child, programOf } from '../testing/child-process.ts';
import { type Message, RawSession } from '../testing/raw-session.ts';

// A backend is killed by SIGKILL again and again while streams are written and read. KILLS says how often, SEED
// repeats a run:
//   KILLS=100 npx vitest run src/backend/streams/kill.test.ts
const KILLS = Number(process.env.KILLS ?? 15);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

const ALPHABET = ['a', 'é', '€', '😀', '"'];

/** What a writer knows of its stream. */
interface Written {
  readonly clientId: string;
  readonly token: string;
  streamId: string;
  /** Everything that was sent, as far as the backend has not said that it lacks it. */
  sent: Buffer;
  /** So many bytes were said to be flushed, or shown to a reader. */
  promised: number;
  end: 'open' | 'sent' | 'promised';
}

interface App {
  readonly websocketURI: string;
  readonly id: string;
  readonly adminToken: string;
}

const chance = random(SEED);
const below = (limit: number): number => Math.floor(chance() * limit);
const streams: Written[] = [];
let promises = 0;

test(`${KILLS} kills take nothing back that was flushed or shown (SEED=${SEED})`, {
  timeout: 120_000 + KILLS * 20_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'instant-kill-streams-'));
  const program = await programOf(new URL('../testing/kill-child.ts', import.meta.url));
  onTestFinished(() => {
    program.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  const startApp = async (): Promise<[App, Child]> => {
    const child = new Child(program.command, [folder]);
    return [JSON.parse(await child.line(/websocketURI/)), child];
  };
  for (let kill = 0; kill < KILLS; kill++) {
    const [app, child] = await startApp();
    const writer = await openSession(app);
    for (const stream of streams) await checkKept(app, writer, stream);
    await writeUntilKilled(app, writer, child, kill % 3 === 0);
  }
  const [app, child] = await startApp();
  const writer = await openSession(app);
  for (const stream of streams) await checkKept(app, writer, stream);
  await child.kill();
  const bytes = streams.reduce((sum, { promised }) => sum + promised, 0);
  const ended = streams.filter(({ end }) => end === 'promised').length;
  const line = `${KILLS} kills, ${promises} acknowledgements and pieces before one, ${bytes} bytes of ${streams.length} streams (${ended} ended): none taken back`;
  process.stdout.write(`${line}; SEED=${SEED}\n`);
  expect(promises).toBeGreaterThan(KILLS);
  expect(ended).toBeGreaterThan(0);
});

async function openSession({ websocketURI, id, adminToken }: App): Promise<RawSession> {
  const session = await RawSession.open(websocketURI);
  const greeting = await session.ask({ op: 'init', 'app-id': id, '__admin-token': adminToken });
  expect(greeting.op).toBe('init-ok');
  return session;
}

/** Goes on with a stream, as its writer does, and reads what is there. */
async function checkKept(app: App, writer: RawSession, stream: Written): Promise<void> {
  const answer = await begin(writer, stream);
  if (answer.op === 'error') {
    expect(answer.message).toBe('Validation failed for start-stream: Stream is closed.');
    expect(stream.end).not.toBe('open');
    stream.end = 'promised';
  } else {
    expect(stream.end).not.toBe('promised');
    const offset = Number(answer.offset);
    expect(offset).toBeGreaterThanOrEqual(stream.promised);
    expect(offset).toBeLessThanOrEqual(stream.sent.byteLength);
    stream.sent = stream.sent.subarray(0, offset);
    stream.end = 'open';
  }
  stream.promised = stream.sent.byteLength;
  const text = await read(app, stream);
  expect(text === stream.sent.toString(), `${stream.clientId} holds what was written`).toBe(true);
}

function begin(writer: RawSession, { clientId, token }: Written): Promise<Message> {
  return writer.ask({ op: 'start-stream', 'client-id': clientId, 'reconnect-token': token });
}

async function read(app: App, { clientId, sent, end }: Written): Promise<string> {
  const session = await openSession(app);
  session.send({ op: 'subscribe-stream', 'client-id': clientId, offset: 0 });
  const pieces: string[] = [];
  for (let bytes = 0; end === 'promised' || bytes < sent.byteLength; ) {
    const { op, content = '', done } = await session.next();
    expect(op).toBe('stream-append');
    pieces.push(String(content));
    bytes += Buffer.byteLength(String(content));
    if (done) break;
  }
  await session.close();
  return pieces.join('');
}

/**
 * Writes to the streams that are open, and a new one, with somebody reading, until the backend is killed; with
 * `toEnd`, when the end of the new one has been acknowledged.
 */
async function writeUntilKilled(app: App, writer: RawSession, child: Child, toEnd: boolean): Promise<void> {
  const stream: Written = {
    clientId: `stream ${streams.length}`,
    token: crypto.randomUUID(),
    streamId: '',
    sent: Buffer.alloc(0),
    promised: 0,
    end: 'open',
  };
  const begun = await begin(writer, stream);
  expect(begun).toMatchObject({ op: 'start-stream-ok', offset: 0 });
  stream.streamId = String(begun['stream-id']);
  streams.push(stream);
  const open = streams.filter(({ end }) => end === 'open');
  const reader = await openReader(app, open);
  for (let n = 1 + below(40); n > 0; n--) {
    const one = open[below(open.length)];
    if (one?.end === 'open') append(writer, one);
  }
  if (toEnd && stream.end === 'open') append(writer, stream, true);
  const heard = toEnd
    ? writer.take((message) => message['stream-id'] === stream.streamId && message.done === true)
    : reader.nextOf('stream-append');
  await Promise.race([heard.then(noteHeard), child.ended]);
  // At once, or a little later.
  if (chance() < 0.5) await sleep(chance() * 30);
  await child.kill();
  await Promise.all([writer.closed, reader.closed]);
  // What was on its way when the process died counts as heard.
  for (const message of [...writer.pending, ...reader.pending]) noteHeard(message);
}

async function openReader(app: App, open: readonly Written[]): Promise<RawSession> {
  const reader = await openSession(app);
  for (const { streamId, sent } of open) {
    reader.send({ op: 'subscribe-stream', 'stream-id': streamId, offset: sent.byteLength });
  }
  return reader;
}

function append(writer: RawSession, stream: Written, done = below(25) === 0): void {
  const word = Array.from({ length: below(50) }, () => ALPHABET[below(ALPHABET.length)]).join('');
  const chunk = below(4) === 0 ? word.repeat(below(4_000)) : word;
  writer.send({
    op: 'append-stream',
    'stream-id': stream.streamId,
    offset: stream.sent.byteLength,
    chunks: [chunk],
    done,
  });
  stream.sent = Buffer.concat([stream.sent, Buffer.from(chunk)]);
  if (done) stream.end = 'sent';
}

function noteHeard({ op, offset, content, done, 'stream-id': streamId }: Message): void {
  const stream = streams.find((one) => one.streamId === streamId);
  if (!stream) return;
  expect(op === 'stream-flushed' || op === 'stream-append').toBe(true);
  promises++;
  const end = Number(offset) + Buffer.byteLength(String(content ?? ''));
  stream.promised = Math.max(stream.promised, end);
  if (done) stream.end = 'promised';
}

// Not a wait for something to happen: the moment of the kill, which is to be any.
function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
