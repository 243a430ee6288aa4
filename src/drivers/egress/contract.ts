/**
 * Asks a web server on behalf of somebody who may not be trusted with the choice of it.
 *
 * The name in the address is looked up once, each address that it has is judged, and one that passed is connected to:
 * whatever the name stands for a moment later makes no difference. A certificate has to be one for the name. Redirects
 * are not followed: they are an answer like any other. No proxy is used, whatever the environment says.
 *
 * Rejects when the address is none of the web, when every address behind it is refused (an {@link AddressRefusedError}),
 * when the server cannot be reached, and when its answer takes too long or is too large.
 */
export type Egress = (address: string, message?: OutgoingMessage) => Promise<IncomingAnswer>;

/** What is sent. */
export interface OutgoingMessage {
  /** Default `GET`. */
  readonly method?: 'GET' | 'POST';
  /** By name in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What came back, of whatever status. */
export interface IncomingAnswer {
  readonly status: number;
  readonly text: string;
}

/** What may be reached, and how long and how large an answer may be. */
export interface EgressOptions {
  /** Judges an IP address. Default: none is refused. */
  readonly mayReach?: (address: string) => boolean;
  /** Gives the IP addresses of a name; not asked for `localhost`. Default: as the system resolves it. */
  readonly resolve?: (hostname: string) => Promise<readonly string[]>;
  /** For all of it, the look-up included. Default 10 s. */
  readonly timeoutMs?: number;
  /** The largest answer, in bytes. Default 1 MiB. */
  readonly maxBytes?: number;
  /** Trusted with certificates in the place of the usual authorities, as PEM. */
  readonly ca?: string;
}

/** Nothing was connected to, because of the addresses that it would have been. */
export class AddressRefusedError extends Error {
  constructor(hostname: string) {
    super(`"${hostname}" has no address that may be reached`);
    this.name = 'AddressRefusedError';
  }
}
