// The backend and the network on the way to it. Prints where they are as one line of JSON, and ends when its standard
// input does. The network is told by HTTP what to do, by whoever measures.
import { createServer } from 'node:http';
import { startBackend } from '@instantdb/node/backend';

const { startFaultProxy } = await import(process.argv[2]);
const backend = await startBackend();
const app = backend.createApp({ title: 'Bench' });
const proxy = await startFaultProxy(backend);

const ORDERS = {
  vanish: () => proxy.vanish('server'),
  outage() {
    proxy.door = 'reset';
    proxy.reset();
  },
  slow: () => proxy.set('both', { bytesPerSecond: 500_000 }),
  heal: () => proxy.heal(),
};

const control = createServer((request, response) => {
  ORDERS[request.url.slice(1)]();
  response.end();
}).listen(0, '127.0.0.1', () => {
  const target = {
    appId: app.id,
    adminToken: app.adminToken,
    direct: { apiURI: backend.url, websocketURI: backend.websocketURI },
    through: { apiURI: proxy.url, websocketURI: proxy.websocketURI },
    control: `http://127.0.0.1:${control.address().port}`,
  };
  process.stdout.write(`${JSON.stringify(target)}\n`);
});
process.stdin.resume().on('end', () => process.exit());
