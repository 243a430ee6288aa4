import type { NetworkLease, Ways } from '../contract.ts';
import type { NetworkPace } from './network-config.ts';

/** Where a database's network listener comes from. */
export interface NetworkSource {
  readonly identity: NetworkIdentity;
  /** A listener for one database. It does nothing before it is asked something, and nothing once it is released. */
  lease(): NetworkLease;
}

/** What tells two sources apart. */
export interface NetworkIdentity {
  /** Goes into a digest, as JSON, because it may hold secrets. */
  readonly data: unknown;
  /** A class of the user's, identified by reference. */
  readonly object?: object;
}

/** What is asked, and how. */
export interface NetworkRequest extends NetworkPace {
  /** The HTTP API of the database's server. */
  readonly apiURI: string;
  /** What to ask instead, for a kind that takes it. */
  readonly url: URL | undefined;
  /** How the database reaches its server, and others. */
  readonly ways: Ways;
}

/** A kind of network listener that has a name. */
export interface NetworkKind {
  /** Its options. It has a form as an object only if there are some. */
  readonly options: readonly NetworkOptionName[];
  source(request: NetworkRequest): NetworkSource;
}

/** The options that some kinds have. */
export type NetworkOptionName = keyof NetworkPace | 'url';

/** A question that somebody outside of the process answers, again and again. */
export interface NetworkCheck {
  /** For messages: what did not work, without a secret. */
  readonly what: string;
  /** What a user has chosen by choosing this question; goes into a digest, as JSON. */
  readonly identity: unknown;
  /** What else the answer depends on; goes into a digest, as JSON, secrets included. */
  readonly circumstances?: unknown;
  /** Resolves for a yes and rejects for a no, with the reason. `signal` ends it where that can be done. */
  ask(signal: AbortSignal): Promise<unknown>;
}
