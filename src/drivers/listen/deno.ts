import { Buffer } from 'node:buffer';
import { type DenoServeInfo, type DenoServer, denoGlobal } from '../../runtime/deno.ts';
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
import { sendUnbuffered } from './deno-unbuffered.ts';
import { listenerOf } from './listener-of.ts';
import { type Connection, PeerSet, STOP_LIMIT_MS, within } from './peer-set.ts';

/** Listens on Deno, with `Deno.serve`. Keeps the promises of `Listen`. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const peers = new PeerSet(options.liveness ?? DEFAULT_LIVENESS);
  const abort = new AbortController();
  const server = await bind(options, peers, abort.signal);
  return listenerOf(server.addr.port, () => stop(server, peers, abort));
}

async function bind(options: ListenOptions, peers: PeerSet, signal: AbortSignal): Promise<DenoServer> {
  const serveOptions = {
    hostname: options.host,
    port: options.port,
    signal,
    // Deno prints the address unless told otherwise.
    onListen() {},
    onError: () => new Response(null, { status: 500 }),
  };
  try {
    return denoGlobal().serve(serveOptions, (request, info) =>
      answer(request, ipOf(info), { options, peers }),
    );
  } catch (cause) {
    await peers.close(1001, '');
    throw cannotListen(options, cause);
  }
}

function ipOf({ remoteAddr }: DenoServeInfo): string | null {
  return remoteAddr.hostname ?? null;
}

function answer(
  request: Request,
  ip: string | null,
  { options, peers }: { options: ListenOptions; peers: PeerSet },
): Response | Promise<Response> {
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') return options.fetch(request, ip);
  const { headers } = request;
  const sender = { ip, origin: headers.get('origin'), host: headers.get('host') };
  const accept = acceptOf(options, sender, request.url);
  if (!accept) return new Response(null, { status: 404 });
  const { pingMs, unanswered } = options.liveness ?? DEFAULT_LIVENESS;
  try {
    const idleTimeout = Math.ceil((pingMs * unanswered) / 1_000);
    const { socket, response } = denoGlobal().upgradeWebSocket(request, { idleTimeout });
    const opened = sendUnbuffered();
    socket.onopen = () => {
      opened();
      serve(socket, accept, options, peers);
    };
    return response;
  } catch {
    // Not a valid handshake, for all its header said.
    return new Response(null, { status: 400 });
  }
}

function serve(socket: WebSocket, accept: Accept, options: ListenOptions, peers: PeerSet): void {
  socket.binaryType = 'arraybuffer';
  const maxBytes = options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
  const peer = {
    send(text: string) {
      if (socket.readyState === socket.OPEN) socket.send(text);
    },
    close(code: number, reason: string) {
      if (socket.readyState === socket.OPEN) socket.close(code, reason);
    },
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
  };
  const events = accept(peer);
  const connection: Connection = peer;
  peers.add(connection);
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (isLarger(data, maxBytes)) peer.close(1009, TOO_LARGE_REASON);
    else events.message(typeof data === 'string' ? data : new Uint8Array(data));
  };
  // A broken frame, a reset or a missing pong: 'close' follows.
  socket.onerror = (event) => event.preventDefault();
  let gone = false;
  socket.onclose = () => {
    // Deno tells of the end twice when a ping went unanswered (seen on 2.9.6).
    if (gone) return;
    gone = true;
    peers.delete(connection);
    events.closed();
  };
}

function isLarger(data: string | ArrayBuffer, maxBytes: number): boolean {
  if (typeof data !== 'string') return data.byteLength > maxBytes;
  // A UTF-16 unit takes one to three bytes: most texts need no counting.
  return data.length > maxBytes || (data.length * 3 > maxBytes && Buffer.byteLength(data) > maxBytes);
}

async function stop(server: DenoServer, peers: PeerSet, abort: AbortController): Promise<void> {
  await peers.close(1001, 'Server closed');
  abort.abort();
  await within(server.finished, STOP_LIMIT_MS);
}
