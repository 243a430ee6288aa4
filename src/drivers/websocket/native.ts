import { WebSocket } from 'isows';
import { detectRuntime } from '../../runtime/detect.ts';
import type { Route, Socket, SocketDriver, WebSocketClass } from '../contract.ts';
import { type HushedEvents, hushed } from './hushed.ts';
import { sendOpen } from './send-open.ts';

/** An instance of a class with the standard's members, as far as they are needed, and with one that most lack. */
interface StandardSocket {
  readonly readyState: number;
  readonly bufferedAmount?: number;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onerror: ((event: object) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(text: string): void;
  close(): void;
  /** Drops the connection without the peer's consent: in Bun's and in that of the package `ws`. */
  terminate?(): void;
}

const CONNECTING = 0;
const OPEN = 1;

/** The runtime's own WebSockets. Bun's alone go through a proxy, with headers and certificates. */
export function nativeSocketDriver(): SocketDriver {
  if (detectRuntime() !== 'bun') return standardSocketDriver('native', WebSocket as WebSocketClass);
  return {
    name: 'native',
    open(url, events, { route }) {
      const BunWebSocket = WebSocket as unknown as new (url: string, options: object) => StandardSocket;
      return bind(new BunWebSocket(url, bunOptions(route)), hushed(events));
    },
  };
}

/** The sockets of a class with the standard's members, which takes an address and nothing else. */
export function standardSocketDriver(name: string, Class: WebSocketClass): SocketDriver {
  return {
    name,
    isPlain: true,
    open(url, events): Socket {
      return bind(new Class(url) as StandardSocket, hushed(events));
    },
  };
}

function bunOptions(route: Route | undefined): object {
  if (!route) return {};
  const { headers, tls, proxy } = route;
  if (!proxy) return { headers, tls };
  const { origin: url, authorization } = proxy;
  return {
    headers,
    tls,
    proxy: authorization === undefined ? url : { url, headers: { 'Proxy-Authorization': authorization } },
  };
}

function bind(socket: StandardSocket, heard: HushedEvents): Socket {
  // Until the runtime tells, or for good where a socket cannot be dropped: the contract has it gone within the tick.
  let isGone = false;
  const end = (code: number, reason: string): void => {
    isGone = true;
    heard.close(code, reason);
  };
  socket.onopen = () => {
    // It was dropped during the handshake, by a class that cannot do that.
    if (isGone) socket.close();
    else heard.open();
  };
  socket.onmessage = (event) => heard.message(String(event.data));
  // Bun's event contains the error itself, the standard one does not.
  socket.onerror = (event) => heard.error((event as { error?: unknown }).error ?? event);
  socket.onclose = (event) => end(event.code, event.reason);
  return {
    isOpen: () => !isGone && socket.readyState === OPEN,
    isConnecting: () => !isGone && socket.readyState === CONNECTING,
    send: (text) =>
      sendOpen({ readyState: isGone ? -1 : socket.readyState, OPEN, send: (it) => socket.send(it) }, text),
    bufferedBytes: () => socket.bufferedAmount ?? 0,
    receivedBytes: () => undefined,
    close: () => {
      heard.hush();
      closeQuietly(socket);
    },
    terminate: () => {
      heard.hush();
      if (typeof socket.terminate === 'function') socket.terminate();
      else {
        // The runtime holds on to it until the peer answers or TCP gives up; nobody here waits for that.
        closeQuietly(socket);
        queueMicrotask(() => end(1006, ''));
      }
    },
  };
}

function closeQuietly(socket: StandardSocket): void {
  try {
    socket.close();
  } catch {
    // Some classes throw while they connect; what they open nevertheless is closed then.
  }
}
