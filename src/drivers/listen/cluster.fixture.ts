import cluster from 'node:cluster';
import { once } from 'node:events';
import { listen } from './index.ts';

// Two workers of node:cluster that listen on one port, and on a free one. Prints what came of each. For tests.

const listenOn = (port: number) =>
  listen({ host: '127.0.0.1', port, fetch: async () => new Response(), upgrade: () => undefined });

if (cluster.isPrimary) {
  const listener = await listenOn(0);
  await listener.close();
  for (let n = 0; n < 2; n++) {
    const worker = cluster.fork({ SHARED_PORT: `${listener.port}` });
    const [outcome] = await once(worker, 'message');
    console.log(`worker: ${outcome}`);
  }
  process.exit(0);
} else {
  const outcome = await listenOn(Number(process.env.SHARED_PORT)).then(
    () => 'listens',
    (error: { hint?: string }) => `refused: ${error.hint}`,
  );
  await listenOn(0);
  process.send?.(outcome);
}
