import { IncomingMessage } from 'node:http';

/** The requests in which the parser saw an `Upgrade` header. */
const offers = new WeakSet<IncomingMessage>();

/**
 * A request whose `Upgrade` header counts only if it asks for a WebSocket. Any other may be ignored (RFC 9110, 7.8),
 * and curl's `--http2` and Java's client offer HTTP/2 with each request. Node passes every upgrade to the `upgrade`
 * listener, without the request's body. It checks this field first; `shouldUpgradeCallback` came with Node 24.9.
 */
export class Incoming extends IncomingMessage {
  get upgrade(): boolean {
    return offers.has(this) && this.headers.upgrade?.toLowerCase() === 'websocket';
  }

  set upgrade(isOffered: boolean | null) {
    if (isOffered) offers.add(this);
    else offers.delete(this);
  }
}
