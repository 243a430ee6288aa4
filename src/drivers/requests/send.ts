import type { IncomingMessage } from 'node:http';
import { InstantNodeError } from '../../errors.ts';
import type { Ways } from '../contract.ts';
import { dispatch } from './dispatch.ts';
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
    const [outgoing, answered] = dispatch({
      ...{ url, hold, route: ways.to(url), method: request.method },
      headers: { ...Object.fromEntries(request.headers), ...lengthOf(init.body) },
      signal: init.signal ?? undefined,
    });
    const written = writeBody(outgoing, request.body, sent).catch((error) => outgoing.destroy(error));
    const incoming = await answered;
    void written;
    return responseOf(refuseRedirection(incoming, url), outgoing, init.signal ?? undefined);
  };
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
