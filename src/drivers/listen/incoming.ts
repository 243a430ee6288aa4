import { IncomingMessage } from 'node:http';

/** Whether the parser saw an offer to go on in another protocol. */
const offers = new WeakSet<IncomingMessage>();

/**
 * A request whose offer of an upgrade counts only if it is one to a WebSocket: any other may be let be (RFC 9110, 7.8),
 * and curl's `--http2` and Java's client offer HTTP/2 with each request. Node hands all of them over to whoever listens
 * for upgrades, without their bodies. It asks this field first; `shouldUpgradeCallback` came with Node 24.9.
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
