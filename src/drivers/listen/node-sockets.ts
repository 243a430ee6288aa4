import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import {
  type Accept,
  DEFAULT_MAX_MESSAGE_BYTES,
  type ListenOptions,
  type PeerEvents,
  TOO_LARGE_REASON,
} from './contract.ts';
import type { PeerSet } from './peer-set.ts';

// When a message is too large, ws closes with 1009 but gives no reason.
class ReasonedWebSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason ?? (code === 1009 ? TOO_LARGE_REASON : undefined));
  }
}

/** Returns a function that completes the handshake of an accepted peer and serves it. */
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
    sockets.handleUpgrade(request, socket, head, (ws) => serve(ws, socket, accept, peers));
}

const maxBytesOf = ({ maxMessageBytes = Number.POSITIVE_INFINITY }: PeerEvents): number => maxMessageBytes;

function serve(ws: WebSocket, socket: Duplex, accept: Accept, peers: PeerSet): void {
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
    if (ws.readyState !== ws.OPEN) return;
    if (data.byteLength > maxBytesOf(events)) ws.close(1009, TOO_LARGE_REASON);
    else events.message(isBinary ? data : data.toString('utf8'));
  });
  limitWhatIsCollected(ws, socket, events);
  ws.on('pong', () => peers.heard(ws));
  ws.on('ping', () => peers.heard(ws));
  // After a broken frame or a reset ws closes the socket itself, and 'close' follows.
  ws.on('error', () => {});
  ws.on('close', () => {
    peers.delete(ws);
    events.closed();
  });
}

/** Twice what a socket reads at once: the end of one message may arrive together with the beginning of the next. */
const CHUNKS_BYTES = 128 * 1024;

/**
 * Closes a peer as soon as it has sent more of a message than it may: ws has one limit for all peers, and buffers each
 * message up to that. ws added its `data` listener earlier, so it has processed each chunk before this one counts it.
 */
function limitWhatIsCollected(ws: WebSocket, socket: Duplex, events: PeerEvents): void {
  let bytes = 0;
  const startAnew = (): void => {
    bytes = 0;
  };
  const count = (chunk: Buffer): void => {
    const max = maxBytesOf(events);
    bytes += chunk.byteLength;
    if (bytes > max + CHUNKS_BYTES) cutOff(ws, socket);
    // A limit that has been lifted does not come back.
    if (max < Number.POSITIVE_INFINITY) return;
    socket.off('data', count);
    ws.off('message', startAnew);
  };
  ws.on('message', startAnew);
  socket.on('data', count);
}

// Not ws.terminate(): the peer would see a reset instead of the reason. Whatever still arrives is discarded, and ws
// destroys the socket once its limit for a closing handshake has passed.
function cutOff(ws: WebSocket, socket: Duplex): void {
  if (ws.readyState === ws.OPEN) ws.close(1009, TOO_LARGE_REASON);
  socket.removeAllListeners('data');
  socket.resume();
  socket.end();
}
