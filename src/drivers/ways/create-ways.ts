import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type { ProxyServer, Route, Ways, WaysOptions } from '../contract.ts';
import { isLoopback } from '../egress/loopback.ts';
import { type ParsedProxy, parseProxy } from './proxy-server.ts';
import { hasProxyVariable, proxyOfEnvironment } from './proxy-variables.ts';
import { TunnelAgent } from './tunnel-agent.ts';

/**
 * Finds the ways of a database. The environment is read once, so that the session and everything else go the same way.
 *
 * @throws {InstantNodeError} `invalid-config` when the proxy cannot be used.
 */
export function createWays(options: WaysOptions): Ways {
  return new DatabaseWays(options);
}

class DatabaseWays implements Ways {
  readonly areOwn: boolean;
  readonly isProxyNamed: boolean = hasProxyVariable();
  readonly #options: WaysOptions;
  readonly #hosts: ReadonlySet<string>;
  readonly #named: ParsedProxy | undefined;
  /** By the origin of the address. */
  readonly #proxies: Map<string, ParsedProxy | undefined> = new Map();
  readonly #agents: Map<string, Agent> = new Map();

  constructor(options: WaysOptions) {
    const { headers, proxy, tls, servers } = options;
    this.#options = options;
    this.#hosts = new Set(servers.map((url) => new URL(url).host));
    this.#named = typeof proxy === 'string' ? this.#parse(proxy, 'option "connection.proxy"') : undefined;
    this.areOwn = headers !== undefined || proxy !== undefined || tls !== undefined || this.isProxyNamed;
    for (const url of servers) this.#proxyTo(new URL(url));
  }

  get secrets(): readonly string[] {
    const { headers = {}, tls } = this.#options;
    const ofProxies = [this.#named, ...this.#proxies.values()].flatMap((proxy) => proxy?.secrets ?? []);
    return [...Object.values(headers), ...(tls?.key === undefined ? [] : [tls.key]), ...ofProxies];
  }

  to(address: string): Route {
    const url = new URL(address);
    const isServer = this.#hosts.has(url.host);
    const tls = (isServer && this.#options.tls) || {};
    const proxy = this.#proxyTo(url);
    const agent = this.#agentTo(url, proxy);
    return { headers: (isServer && this.#options.headers) || {}, tls, proxy, agent };
  }

  #proxyTo(url: URL): ParsedProxy | undefined {
    const { proxy } = this.#options;
    if (proxy === false || isLoopback(hostnameOf(url))) return undefined;
    if (this.#named) return this.#named;
    const known = this.#proxies.get(url.origin);
    if (known || this.#proxies.has(url.origin)) return known;
    const said = proxyOfEnvironment(url);
    const found = said === undefined ? undefined : this.#parse(said, 'the proxy that the environment names');
    this.#proxies.set(url.origin, found);
    return found;
  }

  #parse(text: string, source: string): ParsedProxy {
    return { ...parseProxy(text, source), ca: this.#options.tls?.ca };
  }

  #agentTo(url: URL, proxy: ProxyServer | undefined): Agent {
    const isTunnel = proxy !== undefined && url.protocol !== 'http:';
    const isSecure = /^(https|wss):/.test(proxy ? `${proxy.origin}` : url.protocol);
    const name = `${isTunnel ? 'through' : isSecure} ${proxy?.origin}`;
    const agent = this.#agents.get(name) ?? this.#newAgent(isTunnel && proxy, isSecure);
    this.#agents.set(name, agent);
    return agent;
  }

  #newAgent(tunnel: ProxyServer | false, isSecure: boolean): Agent {
    if (tunnel) return new TunnelAgent(tunnel);
    // A connection a request: one that is kept may be closed by the server just when the next request, which must not be
    // sent twice, takes it. With an empty `proxyEnv`, because the agents of Deno, and of Node when told to, take a proxy from the environment
    // by rules of their own.
    const options = { keepAlive: false, proxyEnv: {} };
    return isSecure ? new SecureAgent(options) : new Agent(options);
  }
}

function hostnameOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}
