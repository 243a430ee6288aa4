// The servers, in one process of their own: the local backend with one small app, and a bare echo. Prints where they
// are as one line of JSON, and ends when its standard input does.
import { once } from 'node:events';
import { id, init } from '@instantdb/node';
import { startBackend } from '@instantdb/node/backend';
import { WebSocketServer } from 'ws';
import { NAMESPACE, ROWS } from './namespace.mjs';

const backend = await startBackend();
const app = backend.createApp({ title: 'Bench' });
const rows = await fill(app.id);

const echo = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
echo.on('connection', (socket) => {
  socket.on('message', (data, binary) => socket.send(data, { binary }));
});
await once(echo, 'listening');

const target = {
  appId: app.id,
  apiURI: backend.url,
  websocketURI: backend.websocketURI,
  echoURI: `ws://127.0.0.1:${echo.address().port}`,
  rows,
};
process.stdout.write(`${JSON.stringify(target)}\n`);
process.stdin.resume().on('end', () => process.exit());

/** Creates the rows, and with them the attributes: no write that is measured adds one. */
async function fill(appId) {
  const db = init({ appId, apiURI: backend.url, websocketURI: backend.websocketURI });
  const ids = Array.from({ length: ROWS }, () => id());
  await db.transact(ids.map((row) => db.tx[NAMESPACE][row].create({ value: 0, note: 'Not written yet' })));
  await db.close();
  return ids;
}
