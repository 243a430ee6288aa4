import type { ClientRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Agent as LazyAgent } from 'agent-base';
import type { HttpsProxyAgent } from 'https-proxy-agent';
import type { ProxyServer } from '../contract.ts';

type Library = typeof HttpsProxyAgent;
type Made = InstanceType<Library>;
type Target = Parameters<Made['connect']>[1];

/** The event of a request that nobody waits for any more. */
const DROPPED = 'tunnelDropped';

const released: WeakSet<ClientRequest> = new WeakSet();

/** Has the tunnel of a request not keep the process running while it is made. To be said in the turn of the request. */
export function letTunnelGo(request: ClientRequest): void {
  released.add(request);
}

/** Destroys a request, and the tunnel that is made for it: a request by itself knows of no socket before that is there. */
export function dropRequest(request: ClientRequest, reason?: Error): void {
  request.destroy(reason);
  request.emit(DROPPED);
}

/**
 * Connects through a proxy, by `CONNECT`. The package that does it is loaded by the first connection: few programs need
 * it, and unbuilt code of it reads the environment, which Deno does not let every program do.
 */
export class TunnelAgent extends LazyAgent {
  readonly #proxy: ProxyServer;
  #library: Promise<Library> | undefined;

  constructor(proxy: ProxyServer) {
    super();
    this.#proxy = proxy;
  }

  override async connect(request: ClientRequest, target: Target): Promise<Socket> {
    // For this time alone: once a socket belongs to a request, or was upgraded, that sees to it.
    const making = new AbortController();
    const drop = (): void => making.abort(new Error('The request was ended before there was a tunnel'));
    for (const event of [DROPPED, 'abort']) request.once(event, drop);
    // An agent is asked in a later turn than the request is made.
    if (request.destroyed) drop();
    try {
      this.#library ??= import('https-proxy-agent').then(({ HttpsProxyAgent: library }) => library);
      const library = await this.#library;
      making.signal.throwIfAborted();
      return await this.#tunnel(library, making.signal, released.has(request)).connect(request, target);
    } finally {
      for (const event of [DROPPED, 'abort']) request.off(event, drop);
    }
  }

  /** One for each connection, as only this has its signal. */
  #tunnel(library: Library, signal: AbortSignal, isReleased: boolean): Made {
    const { origin, authorization, ca } = this.#proxy;
    // By a function, and not in the URL: whoever prints the agent does not see it.
    const headers = (): Record<string, string> =>
      authorization === undefined ? {} : { 'Proxy-Authorization': authorization };
    const trusted = ca === undefined ? {} : { ca: ca as string | string[] };
    return new library(origin, { ...trusted, headers, signal, ...(isReleased && unheld(origin, signal)) });
  }
}

/**
 * Options for a socket to the proxy that does not keep the process running. The package shows its socket only when the
 * proxy has answered. So TLS is given one; without TLS it is the constructor of streams that calls back.
 */
function unheld(origin: string, signal: AbortSignal): object {
  const { protocol, hostname, port } = new URL(origin);
  if (protocol === 'https:') {
    const host = hostname.replace(/^\[|\]$/g, '');
    return { socket: connect({ host, port: Number(port) || 443, signal }).unref() };
  }
  return {
    construct(this: Socket, done: () => void): void {
      this.unref();
      done();
    },
  };
}
