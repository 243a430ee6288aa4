import type { Route } from '../contract.ts';
import type { NetworkCheck, NetworkKind, NetworkRequest } from './network-kind.ts';
import type { NetworkOutside } from './network-outside.ts';
import { polledSource } from './polled-source.ts';

/** From here on a status says that the server, or a proxy on its behalf, cannot serve. */
const FIRST_FAILURE = 500;

/** Takes the network for there while an HTTP server answers: the database's own, or another. */
export function httpKind({ status, after }: Pick<NetworkOutside, 'status' | 'after'>): NetworkKind {
  return {
    options: ['url', 'intervalMs', 'timeoutMs', 'threshold'],
    source: (request) => polledSource(httpCheck(request, status), request, after),
  };
}

/**
 * Below 500 is a yes: an Instant server has no `/health` and answers 404 there, what stands before it may want a login,
 * and whoever answers that can be reached. A proxy whose server is gone says 502, 503 or 504, and a captive portal that is
 * honest 511. The proxy that the database itself goes through says no also by 407, and by whatever is no tunnel.
 */
function httpCheck({ apiURI, url, ways }: NetworkRequest, status: NetworkOutside['status']): NetworkCheck {
  const own = new URL(`${apiURI}/health`);
  const asked = url ?? own;
  const route = ways.to(asked.href);
  // Headers and certificates are for the database's API alone, and not for another port or scheme of its host.
  const used: Route = asked.origin === own.origin ? route : { ...route, headers: {}, tls: {} };
  // A query may hold a secret.
  const what = `GET "${asked.origin}${asked.pathname}"`;
  return {
    what,
    identity: ['http', asked.href],
    circumstances: [used.headers, used.tls, used.proxy],
    async ask(signal) {
      const answer = await status(asked, used, signal);
      if (answer >= FIRST_FAILURE) throw new Error(`${what} was answered with ${answer}`);
    },
  };
}
