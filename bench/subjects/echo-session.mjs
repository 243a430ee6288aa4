import { once } from 'node:events';
import { WebSocket } from 'ws';

/** A session with the echo server: a write is one frame of `frameLength` bytes, there and back. */
export async function openEchoSession({ target: { echoURI }, frameLength }) {
  const socket = new WebSocket(echoURI, { perMessageDeflate: false });
  await once(socket, 'open');
  const frame = 'x'.repeat(frameLength);
  const waiting = [];
  // A server that goes away must not leave a write waiting for ever.
  socket.on('close', () => {
    for (const { reject } of waiting.splice(0)) reject(new Error('The echo ended'));
  });
  socket.on('message', (data) => {
    const { resolve, reject } = waiting.shift();
    if (String(data).length === frameLength) resolve();
    else reject(new Error('The echo is not what was sent'));
  });
  return {
    write: () =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        socket.send(frame);
      }),
    sent: () => undefined,
    async close() {
      socket.close();
    },
  };
}
