import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ServerRequest } from 'srvx';
import { WebSocket, WebSocketServer } from 'ws';
import { acceptOf } from './accept-of.ts';
import { cannotListen } from './cannot-listen.ts';
import {
  type Accept,
  DEFAULT_LIVENESS,
  DEFAULT_MAX_MESSAGE_BYTES,
  type Listener,
  type ListenOptions,
  TOO_LARGE_REASON,
} from './contract.ts';
import { listenerOf } from './listener-of.ts';
import { PeerSet, STOP_LIMIT_MS, within } from './peer-set.ts';

// ws closes with 1009 by itself when a message is too large, and gives no reason.
class ReasonedWebSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, code === 1009 ? TOO_LARGE_REASON : reason);
  }
}

/** Listens on Node, with `node:http` and `ws`. Keeps the promises of `Listen`. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const server = createServer(answerWith(options));
  await bind(server, options);
  const peers = new PeerSet(options.liveness ?? DEFAULT_LIVENESS);
  serveSockets(server, options, peers);
  return listenerOf((server.address() as AddressInfo).port, () => stop(server, peers));
}

// srvx loads Node's `fetch` along with itself, and the two take as long as all the rest: sessions need neither.
function answerWith(options: ListenOptions): RequestListener {
  let loading: Promise<RequestListener> | undefined;
  return (request, response) => {
    loading ??= loadHandler(options);
    loading.then(
      (handle) => handle(request, response),
      () => response.writeHead(500).end(),
    );
  };
}

async function loadHandler({ fetch }: ListenOptions): Promise<RequestListener> {
  const { toNodeHandler } = await import('srvx/node');
  const answer = (request: ServerRequest): Promise<Response> => fetch(request, request.ip ?? null);
  // srvx types its handler for HTTP/1 and HTTP/2 at once; node:http calls it with the former.
  return toNodeHandler(answer) as RequestListener;
}

async function bind(server: Server, options: ListenOptions): Promise<void> {
  server.listen({ host: options.host, port: options.port });
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw cannotListen(options, cause);
  }
  // An accept that fails later (no file descriptor left) concerns that one connection, not the process.
  server.on('error', () => {});
}

function serveSockets(server: Server, options: ListenOptions, peers: PeerSet): void {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
    WebSocket: ReasonedWebSocket,
  });
  server.on('upgrade', (request, socket, head) => {
    const sender = { ip: request.socket.remoteAddress ?? null, origin: request.headers.origin ?? null };
    const accept = acceptOf(options, sender, request.url);
    if (accept) sockets.handleUpgrade(request, socket, head, (ws) => serve(ws, accept, peers));
    else refuse(socket);
  });
}

function refuse(socket: Duplex): void {
  socket.on('error', () => {});
  socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
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

// Neither close() nor closeAllConnections() of node:http ends an upgraded socket: the peers go first.
async function stop(server: Server, peers: PeerSet): Promise<void> {
  const stopped = once(server, 'close');
  server.close();
  await peers.close(1001, 'Server closed');
  server.closeAllConnections();
  await within(stopped, STOP_LIMIT_MS);
}
