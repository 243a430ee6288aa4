import type { Agent } from 'node:http';
import { Agent as LazyAgent } from 'agent-base';
import type { ProxyServer, TlsSettings } from '../contract.ts';

/** What the package asks of an agent that it passes a request on to, which Node's have and do not document. */
type Passed = Awaited<ReturnType<LazyAgent['connect']>>;

/**
 * Connects through a proxy, by `CONNECT`. The package that does it is loaded by the first connection: few programs need
 * it, and unbuilt code of it reads the environment, which Deno does not let every program do.
 */
export class TunnelAgent extends LazyAgent {
  readonly #proxy: ProxyServer;
  readonly #ca: TlsSettings['ca'];
  #inner: Promise<Agent> | undefined;

  /** `ca` says whom to trust as a proxy that is reached by TLS itself. */
  constructor(proxy: ProxyServer, ca: TlsSettings['ca']) {
    super();
    this.#proxy = proxy;
    this.#ca = ca;
  }

  override async connect(): Promise<Passed> {
    this.#inner ??= this.#load();
    return (await this.#inner) as Passed;
  }

  async #load(): Promise<Agent> {
    const { HttpsProxyAgent } = await import('https-proxy-agent');
    const { origin, authorization } = this.#proxy;
    // By a function, and not in the URL: whoever prints the agent does not see it.
    const headers = (): Record<string, string> =>
      authorization === undefined ? {} : { 'Proxy-Authorization': authorization };
    const ca = this.#ca === undefined ? {} : { ca: this.#ca as string | string[] };
    return new HttpsProxyAgent(origin, { ...ca, headers });
  }
}
