import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ServerRequest } from 'srvx';
import { acceptOf } from './accept-of.ts';
import { cannotListen } from './cannot-listen.ts';
import { DEFAULT_LIVENESS, DEFAULT_PATIENCE, type Listener, type ListenOptions } from './contract.ts';
import { Incoming } from './incoming.ts';
import { listenerOf } from './listener-of.ts';
import { PeerSet, STOP_LIMIT_MS, within } from './peer-set.ts';

/** How often connections are checked. */
const CHECK_MS = 5_000;

/** Listens on Node and on Deno, with `node:http` and `ws`. Fulfills the contract of `Listen`. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { headersMs, idleMs } = options.patience ?? DEFAULT_PATIENCE;
  const settings = {
    IncomingMessage: Incoming,
    headersTimeout: headersMs,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: Math.min(headersMs, CHECK_MS),
    // Uploads may take long, so the code that reads a body sets its own limit.
    requestTimeout: 0,
  };
  const server = createServer(settings, answerWith(options));
  server.on('request', (request, response) => {
    // Taken now: by then the request may have dropped it.
    const { socket } = request;
    response.once('finish', () => waitForRest(request, socket, idleMs));
  });
  await bind(server, options);
  const peers = new PeerSet(options.liveness ?? DEFAULT_LIVENESS);
  const loaded = serveSockets(server, options, peers);
  return listenerOf((server.address() as AddressInfo).port, () => loaded.then(() => stop(server, peers)));
}

/** Runs `work` once the answer is finished, or the connection has closed without one. */
function onceOver(response: ServerResponse, work: () => void): void {
  const end = (): void => {
    response.off('finish', end).off('close', end);
    work();
  };
  response.on('finish', end).on('close', end);
}

// Any byte of an unread body, however few arrive, resets Node's own timer.
function waitForRest(request: IncomingMessage, socket: Socket, ms: number): void {
  if (request.complete || socket.destroyed) return;
  const timer = setTimeout(() => void socket.destroy(), ms);
  const stop = (): void => clearTimeout(timer);
  request.once('end', stop);
  socket.once('close', stop);
}

// srvx also loads Node's `fetch`, and the two take as long to load as all the rest; sessions need neither.
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
  const answer = (request: ServerRequest): Promise<Response> => {
    const response = request.runtime?.node?.res as ServerResponse;
    return fetch(request, request.ip ?? null, (work) => onceOver(response, work));
  };
  // srvx types its handler for both HTTP/1 and HTTP/2; node:http always calls it with HTTP/1.
  return toNodeHandler(answer) as RequestListener;
}

async function bind(server: Server, options: ListenOptions): Promise<void> {
  // Otherwise workers of node:cluster would share the port, and each would answer from its own memory.
  server.listen({ host: options.host, port: options.port, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw cannotListen(options, cause);
  }
  // A later failure to accept (no file descriptor left) concerns that one connection, not the process.
  server.on('error', () => {});
}

/**
 * ws accounts for most of the loading time here, so it is loaded after the server accepts connections. The returned
 * promise settles when the loading has ended; it never rejects.
 */
function serveSockets(server: Server, options: ListenOptions, peers: PeerSet): Promise<void> {
  const loading = import('./node-sockets.ts').then(({ nodeSockets }) => nodeSockets(options, peers));
  server.on('upgrade', (request, socket, head) => {
    const { origin = null, host = null } = request.headers;
    const sender = { ip: request.socket.remoteAddress ?? null, origin, host };
    const accept = acceptOf(options, sender, request.url);
    if (typeof accept === 'number') return refuse(socket, accept);
    const gone = (): void => void socket.destroy();
    socket.on('error', gone);
    loading.then((serve) => {
      socket.off('error', gone);
      if (server.listening) serve(request, socket, head, accept);
      else socket.destroy();
    }, gone);
  });
  return loading.then(
    () => {},
    () => {},
  );
}

function refuse(socket: Duplex, status: number): void {
  socket.on('error', () => {});
  // Nothing else takes care of a socket after an upgrade request: half open, it would stay for as long as its client
  // likes.
  socket.once('finish', () => socket.destroy());
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`;
  socket.end(`${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

// Neither close() nor closeAllConnections() of node:http ends an upgraded socket, so the peers are closed first.
async function stop(server: Server, peers: PeerSet): Promise<void> {
  const stopped = once(server, 'close');
  server.close();
  await peers.close(1001, 'Server closed');
  server.closeAllConnections();
  await within(stopped, STOP_LIMIT_MS);
}
