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

/** How often connections are looked at. */
const CHECK_MS = 5_000;

/** Listens on Node and on Deno, with `node:http` and `ws`. Keeps the promises of `Listen`. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { headersMs, idleMs } = options.patience ?? DEFAULT_PATIENCE;
  const settings = {
    IncomingMessage: Incoming,
    headersTimeout: headersMs,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: Math.min(headersMs, CHECK_MS),
    // Uploads may take long: whoever reads a body says how long it waits.
    requestTimeout: 0,
  };
  const server = createServer(settings, answerWith(options));
  server.on('request', (request, response) => {
    // Later the request may have let go of it.
    const { socket } = request;
    response.once('finish', () => waitForRest(request, socket, idleMs));
  });
  await bind(server, options);
  const peers = new PeerSet(options.liveness ?? DEFAULT_LIVENESS);
  const loaded = serveSockets(server, options, peers);
  return listenerOf((server.address() as AddressInfo).port, () => loaded.then(() => stop(server, peers)));
}

/** Behind the end of an answer, or of the connection without one. */
function onceOver(response: ServerResponse, work: () => void): void {
  const end = (): void => {
    response.off('finish', end).off('close', end);
    work();
  };
  response.on('finish', end).on('close', end);
}

// What arrives of a body that nobody reads puts Node's own timer off, however little it is.
function waitForRest(request: IncomingMessage, socket: Socket, ms: number): void {
  if (request.complete || socket.destroyed) return;
  const timer = setTimeout(() => void socket.destroy(), ms);
  const stop = (): void => clearTimeout(timer);
  request.once('end', stop);
  socket.once('close', stop);
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
  const answer = (request: ServerRequest): Promise<Response> => {
    const response = request.runtime?.node?.res as ServerResponse;
    return fetch(request, request.ip ?? null, (work) => onceOver(response, work));
  };
  // srvx types its handler for HTTP/1 and HTTP/2 at once; node:http calls it with the former.
  return toNodeHandler(answer) as RequestListener;
}

async function bind(server: Server, options: ListenOptions): Promise<void> {
  // Workers of node:cluster would share the port, and each answer from a memory of its own.
  server.listen({ host: options.host, port: options.port, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw cannotListen(options, cause);
  }
  // An accept that fails later (no file descriptor left) concerns that one connection, not the process.
  server.on('error', () => {});
}

/**
 * ws takes most of the time that all of this takes to load, so it is loaded when somebody can connect already. Settles
 * when that has come to an end; never rejects.
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
  // Nobody else looks after a socket that was to be upgraded: half open, it would stay for as long as its client likes.
  socket.once('finish', () => socket.destroy());
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`;
  socket.end(`${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

// Neither close() nor closeAllConnections() of node:http ends an upgraded socket: the peers go first.
async function stop(server: Server, peers: PeerSet): Promise<void> {
  const stopped = once(server, 'close');
  server.close();
  await peers.close(1001, 'Server closed');
  server.closeAllConnections();
  await within(stopped, STOP_LIMIT_MS);
}
