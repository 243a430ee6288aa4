// The clients, in a process of their own. Measures what one line of JSON on its standard input says, answers with one,
// and keeps its sessions until that input ends.
import { createInterface } from 'node:readline';
import { groupQuery, valuesAt } from './schema.mjs';
import { openSession } from './session.mjs';

const MEASUREMENTS = { live, load, lookup, idle };

for await (const line of createInterface({ input: process.stdin })) {
  const { what, ...options } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await MEASUREMENTS[what](options))}\n`);
}
process.exit();

/** Each session has queries of its own, and changes an entity that is in one of them. */
async function live({ app, sessions, queriesEach, writes, warmUp }) {
  const opened = await openMany(app, sessions);
  for (const [s, session] of opened.entries()) {
    const queries = Array.from({ length: queriesEach }, (_, q) => groupQuery(s * queriesEach + q));
    await Promise.all(queries.map((q) => session.ask({ op: 'add-query', q })));
  }
  const latencies = [];
  for (let i = 0; i < warmUp + writes; i++) {
    const s = (i * 37) % sessions;
    const entity = app.ids[(s * queriesEach + (i % queriesEach)) * app.groupSize];
    const title = `Changed ${i}`;
    const started = performance.now();
    const refreshed = opened[s].refresh();
    const steps = [['add-triple', entity, app.attrs.title, title]];
    const [, message] = await Promise.all([opened[s].ask({ op: 'transact', 'tx-steps': steps }), refreshed]);
    if (i >= warmUp) latencies.push(performance.now() - started);
    if (message.computations.length !== 1 || !JSON.stringify(message).includes(title)) {
      throw new Error('The refresh is not that of the query that was written to');
    }
  }
  return latencies;
}

/** New entities in one transaction. */
async function load({ app, entities }) {
  const [session] = await openMany(app, 1);
  const steps = Array.from({ length: entities }, (_, index) => {
    const id = crypto.randomUUID();
    return Object.entries({ id, ...valuesAt(index, 10) }).map(([label, v]) => [
      'add-triple',
      id,
      app.attrs[label],
      v,
    ]);
  }).flat();
  const started = performance.now();
  await session.ask({ op: 'transact', 'tx-steps': steps });
  return performance.now() - started;
}

/** The same lookups in each of the apps by turns; ms a lookup, by app and round. Many at once, so that the way there and back counts little. */
async function lookup({ apps, rounds, warmUp, lookups }) {
  const sessions = await Promise.all(apps.map((app) => openMany(app, 1)));
  const values = apps.map(() => []);
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const turn of apps.keys()) {
      const at = (turn + round) % apps.length;
      const ms = await lookUp(sessions[at][0], apps[at], lookups);
      if (round >= warmUp) values[at].push(ms);
    }
  }
  return values;
}

async function lookUp(session, app, lookups) {
  const groups = app.entities / app.groupSize;
  const queries = Array.from({ length: lookups }, (_, i) => groupQuery(Math.floor((i * groups) / lookups)));
  const started = performance.now();
  const answers = await Promise.all(queries.map((q) => session.ask({ op: 'add-query', q })));
  const ms = (performance.now() - started) / lookups;
  for (const { result } of answers) {
    const triples = result[0].data['datalog-result']['join-rows'].flat();
    const found = new Set(triples.map(([entity]) => entity)).size;
    if (found !== app.groupSize) throw new Error(`Found ${found} entities, not ${app.groupSize}`);
  }
  await Promise.all(queries.map((q) => session.ask({ op: 'remove-query', q })));
  return ms;
}

async function idle({ app, sessions }) {
  return (await openMany(app, sessions)).length;
}

async function openMany(app, count) {
  const sessions = [];
  while (sessions.length < count) {
    const batch = Math.min(50, count - sessions.length);
    sessions.push(...(await Promise.all(Array.from({ length: batch }, () => openSession(app)))));
  }
  return sessions;
}
