import { once } from 'node:events';
import { WebSocket } from 'ws';

/** Opens a session that speaks the protocol itself: what a client does besides is not measured here. */
export async function openSession({ uri, appId }) {
  const socket = new WebSocket(uri, { perMessageDeflate: false, maxPayload: 2 ** 30 });
  const waiting = new Map();
  let refreshed = () => {};
  socket.on('message', (data) => {
    const message = JSON.parse(data);
    // One without results brings attributes: the first values tell the server their types.
    if (message.op === 'refresh-ok' && message.computations.length > 0) refreshed(message);
    const asked = waiting.get(message['client-event-id']);
    waiting.delete(message['client-event-id']);
    if (message.op === 'error') asked?.reject(new Error(`Refused: ${message.message}`));
    else asked?.resolve(message);
  });
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('The session ended'));
  });
  await once(socket, 'open');

  let sent = 0;
  const session = {
    /** Sends an event; resolves with what answers it. */
    ask(event) {
      const id = String(sent++);
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        socket.send(JSON.stringify({ 'client-event-id': id, ...event }));
      });
    },
    /** Resolves with the next refresh that brings results. */
    refresh: () =>
      new Promise((resolve) => {
        refreshed = resolve;
      }),
  };
  await session.ask({ op: 'init', 'app-id': appId, versions: { '@instantdb/core': 'v1.0.67' } });
  return session;
}
