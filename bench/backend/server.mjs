// A backend in a process of its own, which obeys a line of JSON on its standard input and answers with one:
// {"app": entities, "groupSize": …} creates an app with so many entities; {"memory": true} tells what the process uses.
import { createInterface } from 'node:readline';
import { startBackend } from '@instantdb/node/backend';
import { NAMESPACE, SCHEMA, valuesAt } from './schema.mjs';

const backend = await startBackend();

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  const answer = order.memory ? await memory() : createApp(order.app, order.groupSize);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit();

function createApp(entities, groupSize) {
  const app = backend.createApp({ schema: SCHEMA });
  const attrs = Object.fromEntries(
    app
      .snapshot()
      .attrs.filter(({ 'forward-identity': [, etype] }) => etype === NAMESPACE)
      .map(({ id, 'forward-identity': [, , label] }) => [label, id]),
  );
  const now = Date.now();
  const ids = Array.from({ length: entities }, () => crypto.randomUUID());
  const triples = ids.flatMap((id, index) =>
    Object.entries({ id, ...valuesAt(index, groupSize) }).map(([label, v]) => [id, attrs[label], v, now]),
  );
  app.load({ triples });
  return { uri: backend.websocketURI, appId: app.id, attrs, groupSize, ids };
}

/** After garbage was collected, twice: what the first pass finds finalizable, the second one frees. */
async function memory() {
  for (let pass = 0; pass < 2; pass++) {
    if (globalThis.Bun) globalThis.Bun.gc(true);
    else globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, held: heapUsed + external };
}
