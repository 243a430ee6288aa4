import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Route } from '../contract.ts';
import { ProxyPassage } from '../ways/proxy-passage.ts';
import { dropRequest, letTunnelGo } from '../ways/tunnel-agent.ts';

/** A request without its body, and the way that it goes. */
export interface Dispatch {
  readonly url: string;
  readonly method: string;
  /** Besides those of the route, over which they win. */
  readonly headers: Readonly<Record<string, string>>;
  readonly route: Route;
  /** When false, the request alone does not keep the process running. */
  readonly hold: boolean;
  /** Ends the request. Once there is an answer, that is for whoever reads it. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Begins a request, whose end is for the caller to write; resolves with the head of the answer, whatever it says, but a
 * refusal of the proxy: that rejects.
 */
export function dispatch(dispatched: Dispatch): [ClientRequest, Promise<IncomingMessage>] {
  const { url, method, headers, route, hold } = dispatched;
  const { proxy, tls, agent } = route;
  const target = new URL(url);
  // A proxy is asked for what is not encrypted by the whole address; to all else it makes a tunnel.
  const forwarding = target.protocol === 'http:' ? proxy : undefined;
  const peer = forwarding ? new URL(forwarding.origin) : target;
  const send = peer.protocol === 'https:' ? requestHttps : requestHttp;
  const outgoing = send({
    protocol: peer.protocol,
    hostname: peer.hostname.replace(/^\[|\]$/g, ''),
    port: peer.port || (peer.protocol === 'https:' ? 443 : 80),
    path: forwarding ? url : target.pathname + target.search,
    method,
    headers: {
      host: target.host,
      // Compressed answers are not decoded here.
      'accept-encoding': 'identity',
      ...route.headers,
      ...headers,
      ...(forwarding?.authorization !== undefined && { 'proxy-authorization': forwarding.authorization }),
    },
    ...((forwarding ? { ca: forwarding.ca } : tls) as { ca?: string | string[] }),
    agent,
  });
  if (!hold) letGo(outgoing);
  return [outgoing, answerTo(outgoing, dispatched)];
}

function letGo(outgoing: ClientRequest): void {
  letTunnelGo(outgoing);
  outgoing.once('socket', (socket) => socket.unref());
}

function answerTo(
  outgoing: ClientRequest,
  { url, route: { proxy }, signal }: Dispatch,
): Promise<IncomingMessage> {
  const passage = new ProxyPassage(proxy, url);
  passage.watch(outgoing, (refusal) => outgoing.destroy(refusal));
  return new Promise((resolve, reject) => {
    const onAbort = (): void => dropRequest(outgoing);
    signal?.addEventListener('abort', onAbort, { once: true });
    const fail = (error: Error): void => {
      signal?.removeEventListener('abort', onAbort);
      reject(signal?.aborted ? signal.reason : (passage.failure(error) ?? error));
    };
    outgoing.once('response', (incoming) => {
      signal?.removeEventListener('abort', onAbort);
      if (proxy && incoming.statusCode === 407) {
        incoming.destroy();
        reject(passage.refuse(407));
      } else resolve(incoming);
    });
    outgoing.on('error', fail);
    // Whatever else ends a request is told by `close`, but not on every runtime by `error` too.
    outgoing.on('close', () => fail(new Error('The connection was closed before an answer')));
  });
}
