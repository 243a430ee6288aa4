import type { NetworkListenerClass } from '../contract.ts';

export type { NetworkListenerClass };

/** How the server is asked whether there is a network: the option `network` of {@link init} in full. */
export interface NetworkOptions {
  /**
   * What is asked.
   *
   * - `'dns'`: the name of the host in `apiURI` is resolved, as a connection would; that of the proxy where one leads
   *   there. Any address will do.
   * - `'http'`: a `GET` of `/health` below `apiURI`, or of `url`, through the proxy where one leads there. Any answer with a
   *   status below 500 will do, but a 407 of that proxy.
   */
  use: 'dns' | 'http';
  /** What `'http'` asks for instead: a URL of `http:` or `https:`. Refused with `'dns'`. */
  url?: string;
  /** How long after an answer the next is asked for, in milliseconds. Default 5,000. */
  intervalMs?: number;
  /** How long an answer may take, in milliseconds; then it counts as a no. Default 5,000. */
  timeoutMs?: number;
  /**
   * How many answers in a row have to contradict what the network is taken for, before it is taken for the opposite.
   * Default 3. The first answer of all counts at once; after a no, so does the first yes.
   */
  threshold?: number;
}

/** What the option `network` may be. */
export type NetworkOption = 'always-online' | NetworkOptions['use'] | NetworkOptions | NetworkListenerClass;

/** The numbers among the options, each with its default. */
export const networkDefaults = {
  intervalMs: 5_000,
  timeoutMs: 5_000,
  threshold: 3,
} satisfies Partial<NetworkOptions>;

/** The same, after parsing. */
export type NetworkPace = Readonly<typeof networkDefaults>;
