import type { ClientRequest } from 'node:http';
import { dirname, join } from 'node:path';
import { WebSocket } from 'ws';
import { detectRuntime } from '../../runtime/detect.ts';
import { requireHere } from '../../runtime/require-here.ts';
import type { Socket, SocketDriver } from '../contract.ts';
import { type HushedEvents, hushed } from './hushed.ts';
import { sendOpen } from './send-open.ts';

/** Frames larger than this end the connection: far above what a server sends, below what would exhaust a process. */
const MAX_FRAME_BYTES = 256 * 1024 * 1024;

/**
 * WebSockets by the `ws` package, for Node and Deno. The sockets that these runtimes bring can neither be dropped
 * without the peer's consent nor be let go of by the process (seen on Node 24.21 and Deno 2.9.6).
 */
export const wsDriver: SocketDriver = {
  name: 'ws',
  open(url, events, { hold }) {
    const PackageWebSocket = packageWebSocket();
    const options = { perMessageDeflate: false, maxPayload: MAX_FRAME_BYTES };
    const socket = new PackageWebSocket(url, hold ? options : { ...options, finishRequest: letGo });
    return bind(socket, hushed(events));
  },
};

// Where this is not built, the name `ws` is Bun's own for a class whose sockets cannot be let go of (seen on Bun 1.4.5):
// there it is loaded by its path. The build holds the package's.
function packageWebSocket(): typeof WebSocket {
  if (detectRuntime() !== 'bun') return WebSocket;
  const load = requireHere();
  const { WebSocket: BunWebSocket } = load('ws') as { WebSocket: unknown };
  if (WebSocket !== BunWebSocket) return WebSocket;
  return load(join(dirname(load.resolve('ws/package.json')), 'index.js')) as typeof WebSocket;
}

function bind(socket: WebSocket, events: HushedEvents): Socket {
  socket.on('open', () => events.open());
  socket.on('message', (data) => events.message(String(data)));
  socket.on('error', (cause) => events.error(cause));
  socket.on('close', (code, reason) => events.close(code, String(reason)));
  return {
    isOpen: () => socket.readyState === WebSocket.OPEN,
    isConnecting: () => socket.readyState === WebSocket.CONNECTING,
    send: (text) => sendOpen(socket, text),
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

// `ws` has no way of its own to unref a client: the stream below it is that of the handshake's request.
function letGo(request: ClientRequest): void {
  request.once('socket', (stream) => stream.unref());
  request.end();
}
