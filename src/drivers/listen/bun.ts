import {
  type BunServer,
  type BunServerWebSocket,
  type BunWebSocketHandler,
  bunGlobal,
} from '../../runtime/bun.ts';
import { acceptOf } from './accept-of.ts';
import { cannotListen } from './cannot-listen.ts';
import {
  type Accept,
  DEFAULT_LIVENESS,
  DEFAULT_MAX_MESSAGE_BYTES,
  DEFAULT_PATIENCE,
  type Listener,
  type ListenOptions,
  type Peer,
  type PeerEvents,
  TOO_LARGE_REASON,
} from './contract.ts';
import { isLarger } from './is-larger.ts';
import { listenerOf } from './listener-of.ts';
import { PeerSet, STOP_LIMIT_MS, within } from './peer-set.ts';

/** More than a peer can leave unread before the backend closes it for that. */
const MAX_UNREAD_BYTES = 1024 * 1024 * 1024;
const OPEN = 1;

/** The data that `Bun.serve` attaches to a socket. */
interface SocketData {
  readonly accept: Accept;
  events: PeerEvents | undefined;
}

type Socket = BunServerWebSocket<SocketData>;

/** Listens on Bun, with `Bun.serve`. Fulfills the contract of `Listen`. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const peers = new PeerSet(options.liveness ?? DEFAULT_LIVENESS);
  const server = await bind(options, peers);
  return listenerOf(server.port, () => stop(server, peers));
}

async function bind(options: ListenOptions, peers: PeerSet): Promise<BunServer<SocketData>> {
  try {
    return bunGlobal().serve<SocketData>({
      hostname: options.host,
      port: options.port,
      // Otherwise workers of node:cluster would share the port, and each would answer from its own memory.
      reusePort: false,
      idleTimeout: idleSeconds(options),
      fetch: (request, server) => answer(request, server, options),
      websocket: socketHandler(options, peers),
    });
  } catch (cause) {
    await peers.close(1001, '');
    throw cannotListen(options, cause);
  }
}

function answer(
  request: Request,
  server: BunServer<SocketData>,
  options: ListenOptions,
): Response | undefined | Promise<Response> {
  const ip = server.requestIP(request)?.address ?? null;
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') {
    return answerInTime(request, ip, server, options);
  }
  const { headers } = request;
  const sender = { ip, origin: headers.get('origin'), host: headers.get('host') };
  const accept = acceptOf(options, sender, request.url);
  if (typeof accept === 'number') return new Response(null, { status: accept });
  if (server.upgrade(request, { data: { accept, events: undefined } })) return undefined;
  return new Response(null, { status: 400 });
}

/** Bun's limit is 255 s, and it checks every four. */
function idleSeconds({ patience = DEFAULT_PATIENCE }: ListenOptions): number {
  return Math.min(255, Math.ceil(patience.idleMs / 1_000));
}

// Bun's idle timer is not reset by what arrives, nor by everything that is sent (seen on 1.4.5), so it is off while a
// body is received or an answer is sent. After a short answer it waits for the next request, or for the rest of an
// unread body.
async function answerInTime(
  request: Request,
  ip: string | null,
  server: BunServer<SocketData>,
  options: ListenOptions,
): Promise<Response> {
  server.timeout(request, 0);
  const behind: (() => void)[] = [];
  const response = await options.fetch(request, ip, (work) => void behind.push(work));
  // Bun writes the returned response in the same turn of the event loop, and gives no notice when it has.
  if (behind.length > 0) setImmediate(() => runAll(behind));
  const isShort =
    response.body === null || response.headers.get('content-type')?.startsWith('application/json');
  if (isShort) server.timeout(request, idleSeconds(options));
  else response.headers.set('connection', 'close');
  return response;
}

function runAll(works: readonly (() => void)[]): void {
  for (const work of works) work();
}

function socketHandler(options: ListenOptions, peers: PeerSet): BunWebSocketHandler<SocketData> {
  return {
    maxPayloadLength: options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
    // By default Bun drops messages to a socket with 16 MiB unread, and only the result of send() says so.
    backpressureLimit: MAX_UNREAD_BYTES,
    closeOnBackpressureLimit: true,
    // PeerSet's pings decide, as on Node.
    idleTimeout: 0,
    sendPings: false,
    open(ws) {
      peers.add(ws);
      ws.data.events = ws.data.accept(peerOf(ws));
    },
    message(ws, data) {
      peers.heard(ws);
      const { events } = ws.data;
      if (!events || ws.readyState !== OPEN) return;
      if (isLarger(data, events.maxMessageBytes ?? Number.POSITIVE_INFINITY))
        ws.close(1009, TOO_LARGE_REASON);
      else events.message(data);
    },
    pong: (ws) => peers.heard(ws),
    close(ws) {
      peers.delete(ws);
      ws.data.events?.closed();
    },
  };
}

function peerOf(ws: Socket): Peer {
  return {
    send(text) {
      if (ws.readyState === OPEN) ws.send(text);
    },
    close(code, reason) {
      if (ws.readyState === OPEN) ws.close(code, reason);
    },
    get bufferedAmount() {
      return ws.readyState === OPEN ? ws.getBufferedAmount() : 0;
    },
  };
}

// Bun.serve's stop() waits for open sockets, and none closes on its own (oven-sh/bun#34961, seen on 1.4.5).
async function stop(server: BunServer<SocketData>, peers: PeerSet): Promise<void> {
  await peers.close(1001, 'Server closed');
  await within(server.stop(true), STOP_LIMIT_MS);
}
