import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { InstantNodeError } from '../../errors.ts';
import type { Route, Ways } from '../contract.ts';
import { ProxyPassage } from '../ways/proxy-passage.ts';
import { responseOf } from './response-of.ts';
import { lengthOf, writeBody } from './write-body.ts';

/** What `fetch` takes, and what only this package asks for. */
export interface SendInit extends RequestInit {
  /** Called with how many bytes of the body the system has taken, as it takes them. */
  sent?: (bytes: number) => void;
  /** When false, the request alone does not keep the process running. Default true. */
  hold?: boolean;
}

/**
 * `fetch`, on the ways of one database. The runtimes' own takes a proxy and certificates by a means of its own on each,
 * on Node by none, and proxies loopback addresses on Bun and Deno.
 *
 * Unlike `fetch`, it follows no redirection: what is sent may hold a token, which is for the server alone.
 */
export type Send = (url: string, init?: SendInit) => Promise<Response>;

/** Makes the {@link Send} of a database. */
export function createSend(ways: Ways): Send {
  return async (url, init = {}) => {
    init.signal?.throwIfAborted();
    const { sent, hold = true, ...standard } = init;
    // Makes headers and a stream of whatever `fetch` takes, with the type of a body that knows its own.
    const request = new Request(url, { ...standard, duplex: 'half' } as RequestInit);
    const dispatch = { url, init: standard, request, route: ways.to(url) };
    const [outgoing, answered] = dispatched(dispatch, hold);
    const written = writeBody(outgoing, request.body, sent).catch((error) => outgoing.destroy(error));
    const incoming = await answered;
    void written;
    return responseOf(refuseRedirection(incoming, url), outgoing, init.signal ?? undefined);
  };
}

interface Dispatch {
  readonly url: string;
  readonly init: RequestInit;
  readonly request: Request;
  readonly route: Route;
}

/** Begins a request; resolves with the head of the answer. */
function dispatched(
  { url, init, request, route }: Dispatch,
  hold: boolean,
): [ClientRequest, Promise<IncomingMessage>] {
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
    method: request.method,
    headers: {
      host: target.host,
      // Compressed answers are not decoded here.
      'accept-encoding': 'identity',
      ...route.headers,
      ...Object.fromEntries(request.headers),
      ...lengthOf(init.body),
      ...(forwarding?.authorization !== undefined && { 'proxy-authorization': forwarding.authorization }),
    },
    ...(forwarding ? { ca: tls.ca as string | string[] | undefined } : (tls as { ca?: string })),
    agent,
  });
  if (!hold) outgoing.once('socket', (socket) => socket.unref());
  return [outgoing, answerTo(outgoing, url, route, init.signal ?? undefined)];
}

function answerTo(
  outgoing: ClientRequest,
  url: string,
  { proxy }: Route,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  const passage = new ProxyPassage(proxy, url);
  passage.watch(outgoing, (refusal) => outgoing.destroy(refusal));
  return new Promise((resolve, reject) => {
    const onAbort = (): void => void outgoing.destroy();
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

function refuseRedirection(incoming: IncomingMessage, url: string): IncomingMessage {
  const { location } = incoming.headers;
  if (![301, 302, 303, 307, 308].includes(incoming.statusCode ?? 0) || location === undefined)
    return incoming;
  incoming.destroy();
  const there = URL.canParse(location, url) ? new URL(location, url).origin : 'what is no URL';
  throw new InstantNodeError(
    'connection-failed',
    `Cannot call the server at "${new URL(url).origin}": it redirects to ${there}, which is not followed`,
    { hint: 'Give the address that it redirects to as option "apiURI"' },
  );
}
