/*
 * Minimal shapes of the Bun globals that this package uses. They are written here, rather than taken from `@types/bun`,
 * so that projects for other runtimes compile without Bun's types.
 */

/** A server-side WebSocket of `Bun.serve`. */
export interface BunServerWebSocket<Data> {
  readonly data: Data;
  readonly readyState: number;
  send(text: string): number;
  ping(): number;
  close(code: number, reason: string): void;
  terminate(): void;
  getBufferedAmount(): number;
}

/** What `Bun.serve` calls for its WebSockets. */
export interface BunWebSocketHandler<Data> {
  maxPayloadLength: number;
  backpressureLimit: number;
  closeOnBackpressureLimit: boolean;
  idleTimeout: number;
  sendPings: boolean;
  open(ws: BunServerWebSocket<Data>): void;
  message(ws: BunServerWebSocket<Data>, message: string | Uint8Array): void;
  pong(ws: BunServerWebSocket<Data>): void;
  close(ws: BunServerWebSocket<Data>, code: number, reason: string): void;
}

/** A server of `Bun.serve`. */
export interface BunServer<Data> {
  readonly port: number;
  requestIP(request: Request): { readonly address: string } | null;
  upgrade(request: Request, options: { data: Data }): boolean;
  timeout(request: Request, seconds: number): void;
  stop(closeActiveConnections?: boolean): Promise<void>;
}

/** Options of `Bun.serve`. */
export interface BunServeOptions<Data> {
  hostname: string;
  port: number;
  reusePort: boolean;
  idleTimeout: number;
  fetch(request: Request, server: BunServer<Data>): Response | undefined | Promise<Response>;
  websocket: BunWebSocketHandler<Data>;
}

/** The global `Bun`. */
export interface BunGlobal {
  serve<Data>(options: BunServeOptions<Data>): BunServer<Data>;
}

/** The global `Bun`. Call it only on Bun. */
export function bunGlobal(): BunGlobal {
  return (globalThis as unknown as { Bun: BunGlobal }).Bun;
}
