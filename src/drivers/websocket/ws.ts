import type { ClientRequest } from 'node:http';
import { dirname, join } from 'node:path';
import { WebSocket } from 'ws';
import { detectRuntime } from '../../runtime/detect.ts';
import { requireHere } from '../../runtime/require-here.ts';
import type { Socket, SocketDriver } from '../contract.ts';
import { type HushedEvents, hushed } from './hushed.ts';
import { sendOpen } from './send-open.ts';

/** Larger frames end the connection: far above what a server sends, below what would exhaust a process. */
const MAX_FRAME_BYTES = 256 * 1024 * 1024;

/**
 * WebSockets of the `ws` package, for Node and Deno. The sockets of these runtimes can neither be dropped without the
 * peer's consent nor unreferenced to let the process exit (seen on Node 24.21 and Deno 2.9.6).
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

// In unbuilt code on Bun, `ws` resolves to Bun's own class, whose sockets cannot be unreferenced (seen on Bun 1.4.5),
// so the package is loaded by its path. The build contains the package's class.
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

// `ws` offers no way to unref a client; the stream below it is the one of the handshake's request.
function letGo(request: ClientRequest): void {
  request.once('socket', (stream) => stream.unref());
  request.end();
}
