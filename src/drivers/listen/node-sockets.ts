import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { type Accept, DEFAULT_MAX_MESSAGE_BYTES, type ListenOptions, TOO_LARGE_REASON } from './contract.ts';
import type { PeerSet } from './peer-set.ts';

// ws closes with 1009 by itself when a message is too large, and gives no reason.
class ReasonedWebSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, code === 1009 ? TOO_LARGE_REASON : reason);
  }
}

/** Makes what shakes hands with those who are to be served, and serves them. */
export function nodeSockets(
  options: ListenOptions,
  peers: PeerSet,
): (request: IncomingMessage, socket: Duplex, head: Buffer, accept: Accept) => void {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
    WebSocket: ReasonedWebSocket,
  });
  return (request, socket, head, accept) =>
    sockets.handleUpgrade(request, socket, head, (ws) => serve(ws, accept, peers));
}

function serve(ws: WebSocket, accept: Accept, peers: PeerSet): void {
  const events = accept({
    send(text) {
      if (ws.readyState === ws.OPEN) ws.send(text);
    },
    close(code, reason) {
      if (ws.readyState === ws.OPEN) ws.close(code, reason);
    },
    get bufferedAmount() {
      return ws.bufferedAmount;
    },
  });
  peers.add(ws);
  ws.on('message', (data: Buffer, isBinary) => {
    peers.heard(ws);
    events.message(isBinary ? data : data.toString('utf8'));
  });
  ws.on('pong', () => peers.heard(ws));
  ws.on('ping', () => peers.heard(ws));
  // A broken frame or a reset: ws closes the socket itself, and 'close' follows.
  ws.on('error', () => {});
  ws.on('close', () => {
    peers.delete(ws);
    events.closed();
  });
}
