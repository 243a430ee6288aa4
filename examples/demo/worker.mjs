// One client of the demo, in whichever runtime started it. It obeys lines on its standard input and reports in lines
// of JSON on its standard output.
import { createInterface } from 'node:readline';
import { id, init, lookup } from '@instantdb/node';
import { digest, EVERYTHING, stateOfAnswer } from './state.mjs';

const [appId, apiURI, name, seed] = process.argv.slice(2);
const IN_FLIGHT = 4;
/** What everybody watches while they write: the shelf that all new books go to, and the newest of all books. */
const LIVE = [
  { bookshelves: { $: { where: { name: 'New arrivals' } }, books: { $: { fields: ['title'] } } } },
  { books: { $: { limit: 10, order: { serverCreatedAt: 'desc' } } } },
];

/** A network that the demo switches off and on. */
const network = {
  change: undefined,
  getIsOnline: async () => true,
  listen(change) {
    network.change = change;
    return () => {};
  },
};

const db = init({ appId, apiURI, network });
const random = mulberry32(Number(seed));
const counts = { add: 0, update: 0, link: 0, unlink: 0, delete: 0 };
const latencies = [];
let writes = 0;
let rows = 0;
let queued = 0;
let running = true;
let shelf;
let newest = [];
const own = [];

db.subscribeErrors((error) => report({ trouble: error.message }));
db.subscribeTransactionErrors((error) => report({ trouble: `refused: ${error.message}` }));
for (const query of LIVE) {
  db.subscribeQuery(query, ({ data, error }) => {
    if (error) report({ trouble: error.message });
    else take(data);
  });
}

const reporting = setInterval(() => report({ progress: progress() }), 250);
const commands = createInterface({ input: process.stdin });
commands.on('line', (line) => {
  const [command, argument] = line.split(' ');
  if (command === 'offline') network.change(false);
  if (command === 'online') network.change(true);
  if (command === 'stop') running = false;
  if (command === 'compare') compare(argument);
});

await db.ready();
await Promise.all(LIVE.map((query) => db.queryOnce(query)));
report({ ready: true });
await Promise.all(Array.from({ length: IN_FLIGHT }, writeUntilStopped));
await delivered();
report({ progress: progress(), done: counts });

function take(data) {
  if (data.bookshelves) shelf = data.bookshelves[0];
  if (data.books) newest = data.books;
  rows = (shelf?.books.length ?? 0) + newest.length;
}

async function writeUntilStopped() {
  while (running) {
    const [kind, chunk] = nextWrite();
    const started = performance.now();
    const { status } = await db.transact(chunk);
    counts[kind]++;
    writes++;
    if (status === 'enqueued') {
      queued++;
      // Nobody answers while the network is away, so nothing would slow this loop down.
      await new Promise((resolve) => setTimeout(resolve, 20));
    } else latencies.push(performance.now() - started);
  }
}

/** Adds, changes, links, unlinks and deletes, in proportions that let the number of books grow slowly. */
function nextWrite() {
  const dice = random();
  if (own.length < 3 || dice < 0.3) {
    const book = id();
    own.push(book);
    const chunk = db.tx.books[book].create({
      title: `${name} ${counts.add}`,
      pageCount: Math.floor(random() * 900),
    });
    return ['add', chunk.link({ bookshelves: shelf.id })];
  }
  const index = Math.floor(random() * own.length);
  const book = own[index];
  if (dice < 0.6) return ['update', db.tx.books[book].update({ title: `${name} again ${writes}` })];
  if (dice < 0.72) return ['link', db.tx.books[book].link({ bookshelves: shelf.id })];
  if (dice < 0.8) return ['unlink', db.tx.books[book].unlink({ bookshelves: shelf.id })];
  if (dice < 0.85) {
    return ['update', db.tx.users[lookup('handle', 'stopa')].update({ fullName: `Stopa, as ${name} says` })];
  }
  own.splice(index, 1);
  return ['delete', db.tx.books[book].delete()];
}

/** Resolves once the server has confirmed every write, those made offline included. */
async function delivered() {
  while (db.pendingTransactions().length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Waits until this client has seen `marker`, the last write of all, and reports what it then holds. */
async function compare(marker) {
  for await (const { data } of db.watch(EVERYTHING)) {
    if (!data.markers.some((one) => one.id === marker)) continue;
    const state = stateOfAnswer(data);
    report({ state: { digest: digest(state), entities: state.split('\n').length, text: state } });
    break;
  }
  clearInterval(reporting);
  commands.close();
  process.stdin.destroy();
  await db.close();
}

function progress() {
  const sorted = latencies.slice(-500).sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return {
    rows,
    writes,
    queued,
    waiting: db.pendingTransactions().length,
    p50: at(0.5),
    p99: at(0.99),
    status: db.stats().status,
  };
}

function report(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** A small generator of numbers from 0 to 1 that a seed repeats. */
function mulberry32(state) {
  let a = state;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
