import type { ClientRequest, IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import { type ClientOptions, WebSocket } from 'ws';
import { detectRuntime } from '../../runtime/detect.ts';
import { requireHere } from '../../runtime/require-here.ts';
import type { HandshakeRefusal, Socket, SocketDriver } from '../contract.ts';
import { ProxyPassage } from '../ways/proxy-passage.ts';
import { letTunnelGo } from '../ways/tunnel-agent.ts';
import { type HushedEvents, hushed } from './hushed.ts';
import { sendOpen } from './send-open.ts';

/** Larger frames end the connection: far above what a server sends, below what would exhaust a process. */
const MAX_FRAME_BYTES = 256 * 1024 * 1024;

/**
 * WebSockets of the `ws` package. The runtimes' own can neither be dropped without the peer's consent nor unreferenced
 * to let the process exit (seen on Node 24.21 and Deno 2.9.6; Bun's can be dropped), and none of them shows pings or how
 * much of a message has arrived: a slow peer would look like a dead one.
 */
export const wsDriver: SocketDriver = {
  name: 'ws',
  open(url, events, { hold, route }) {
    const PackageWebSocket = packageWebSocket();
    const passage = new ProxyPassage(route?.proxy, url);
    const socket = new PackageWebSocket(url, {
      perMessageDeflate: false,
      maxPayload: MAX_FRAME_BYTES,
      ...(route && { ...(route.tls as ClientOptions), headers: route.headers, agent: route.agent }),
      finishRequest: (request) => {
        if (!hold) letGo(request);
        passage.watch(request);
        request.end();
      },
    });
    return bind(socket, hushed(events), passage);
  },
};

// In unbuilt code on Bun, `ws` resolves to Bun's own class (seen on Bun 1.4.5), so the package is loaded by its path.
// The build contains the package's class.
function packageWebSocket(): typeof WebSocket {
  if (detectRuntime() !== 'bun') return WebSocket;
  const load = requireHere();
  const { WebSocket: BunWebSocket } = load('ws') as { WebSocket: unknown };
  if (WebSocket !== BunWebSocket) return WebSocket;
  return load(join(dirname(load.resolve('ws/package.json')), 'index.js')) as typeof WebSocket;
}

function bind(socket: WebSocket, events: HushedEvents, passage: ProxyPassage): Socket {
  socket.on('open', () => events.open());
  socket.on('message', (data) => events.message(String(data)));
  socket.on('ping', () => events.alive());
  socket.on('pong', () => events.alive());
  let refusal: HandshakeRefusal | undefined;
  socket.on('unexpected-response', (_, response) => {
    refusal = refusalOf(response);
    socket.terminate();
  });
  socket.on('error', (cause) => {
    events.error(passage.failure(cause) ?? (refusal ? refused(refusal) : cause), refusal);
  });
  socket.on('close', (code, reason) => events.close(code, String(reason)));
  return {
    isOpen: () => socket.readyState === WebSocket.OPEN,
    isConnecting: () => socket.readyState === WebSocket.CONNECTING,
    send: (text) => sendOpen(socket, text),
    bufferedBytes: () => socket.bufferedAmount,
    receivedBytes: () => (socket as { _socket?: { bytesRead?: number } })._socket?.bytesRead,
    close: () => {
      events.hush();
      socket.close();
    },
    terminate: () => {
      events.hush();
      socket.terminate();
    },
  };
}

function refusalOf({ statusCode = 0, headers }: IncomingMessage): HandshakeRefusal {
  const after = headers['retry-after'];
  const ms = after === undefined ? Number.NaN : retryAfterMs(after);
  return { status: statusCode, retryAfterMs: Number.isFinite(ms) ? Math.max(ms, 0) : undefined };
}

function refused({ status }: HandshakeRefusal): Error {
  return new Error(`Unexpected server response: ${status}`);
}

/** Seconds, or a date. */
function retryAfterMs(value: string): number {
  return /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
}

// `ws` offers no way to unref a client; the stream below it is the one of the handshake's request.
function letGo(request: ClientRequest): void {
  letTunnelGo(request);
  request.once('socket', (stream) => stream.unref());
}
