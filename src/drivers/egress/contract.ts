/**
 * Sends a request to a web server whose address may come from an untrusted party.
 *
 * The name in the address is resolved once, each of its addresses is judged, and the connection goes to one that
 * passed: it makes no difference if the name resolves to something else a moment later. The certificate must match the
 * name. Redirects are not followed: they are an answer like any other. No proxy is used, whatever the environment says.
 *
 * Rejects when the address is not a valid `http:` or `https:` URL, when every address behind it is refused (an
 * {@link AddressRefusedError}), when the server cannot be reached, and when its answer takes too long or is too large.
 */
export type Egress = (address: string, message?: OutgoingMessage) => Promise<IncomingAnswer>;

/** The request to send. */
export interface OutgoingMessage {
  /** Default `GET`. */
  readonly method?: 'GET' | 'POST';
  /** By name in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The answer, whatever its status. */
export interface IncomingAnswer {
  readonly status: number;
  readonly text: string;
}

/** Which addresses may be reached, and how long and how large an answer may be. */
export interface EgressOptions {
  /** Judges an IP address. Default: all are allowed. */
  readonly mayReach?: (address: string) => boolean;
  /** Resolves a name to IP addresses; not called for `localhost`. Default: the system's resolver. */
  readonly resolve?: (hostname: string) => Promise<readonly string[]>;
  /** For the whole request, including the look-up. Default 10 s. */
  readonly timeoutMs?: number;
  /** The largest answer, in bytes. Default 1 MiB. */
  readonly maxBytes?: number;
  /** Certificates to trust in place of the usual authorities, as PEM. */
  readonly ca?: string;
}

/** No connection was made, because none of the addresses may be reached. */
export class AddressRefusedError extends Error {
  constructor(hostname: string) {
    super(`"${hostname}" has no address that may be reached`);
    this.name = 'AddressRefusedError';
  }
}
