/*
 * The parts of Deno's globals that this package uses, as minimal shapes. They are written here, and not taken from
 * Deno's own types, so that nobody who targets another runtime needs them to compile.
 */

/** A server of `Deno.serve`. */
export interface DenoServer {
  readonly addr: { readonly hostname: string; readonly port: number };
  readonly finished: Promise<void>;
}

/** Options of `Deno.serve`. */
export interface DenoServeOptions {
  hostname: string;
  port: number;
  signal: AbortSignal;
  onListen(): void;
  onError(error: unknown): Response;
}

/** What `Deno.serve` tells of a request beside it. An address that is no network's has no host name. */
export interface DenoServeInfo {
  readonly remoteAddr: { readonly hostname?: string };
}

/** The global `Deno`. */
export interface DenoGlobal {
  readonly env: {
    get(name: string): string | undefined;
    set(name: string, value: string): void;
    delete(name: string): void;
  };
  readonly permissions: {
    querySync(of: { name: 'env'; variable: string }): { readonly state: 'granted' | 'prompt' | 'denied' };
  };
  serve(
    options: DenoServeOptions,
    handler: (request: Request, info: DenoServeInfo) => Response | Promise<Response>,
  ): DenoServer;
  upgradeWebSocket(
    request: Request,
    options: { idleTimeout: number },
  ): { socket: WebSocket; response: Response };
}

/** The global `Deno`. To be called on Deno only. */
export function denoGlobal(): DenoGlobal {
  return (globalThis as unknown as { Deno: DenoGlobal }).Deno;
}
