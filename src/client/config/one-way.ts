import type { SocketDriver, Ways } from '../../drivers/contract.ts';
import { InstantNodeError } from '../../errors.ts';
import { invalidOption } from '../../invalid-option.ts';
import type { ResolvedConnection } from './connection-config.ts';

/** What opens the connections of a database, and where to. */
export interface Openers {
  readonly connection: ResolvedConnection;
  readonly ways: Ways;
  readonly socket: SocketDriver;
  /** Core's fifth argument of `init`. */
  readonly EventSource: unknown;
  readonly apiURI: string;
  readonly websocketURI: string;
}

/**
 * Throws when the session, calls and event streams of a database would not go the same way: a class that takes nothing
 * but an address opens its connections as it likes.
 */
export function assertOneWay(openers: Openers): void {
  const { connection, socket, EventSource, apiURI, websocketURI } = openers;
  const { WebSocket } = connection;
  if (socket.isPlain) {
    const asked = askedOf(openers, websocketURI);
    if (asked !== undefined) throw WebSocket === 'native' ? nativeCannot(asked) : classCannot(asked);
    if (WebSocket === 'native' && openers.ways.isProxyNamed) throw nativeByItself();
  }
  if (EventSource === undefined) return;
  const asked = askedOf(openers, apiURI);
  if (asked === undefined) return;
  throw invalidOption(
    `the class of event streams cannot follow ${asked}: it takes nothing but an address`,
    'Leave out the fifth argument of init(): event streams are then opened on the same way as all else',
  );
}

/** What is asked of the way to `url`; undefined for nothing. */
function askedOf({ connection, ways }: Openers, url: string): string | undefined {
  for (const name of ['headers', 'tls'] as const) {
    if (connection[name] !== undefined) return `option "connection.${name}"`;
  }
  const { proxy } = ways.to(url);
  if (!proxy) return undefined;
  return connection.proxy === undefined
    ? 'the proxy that the environment names'
    : 'option "connection.proxy"';
}

function nativeCannot(asked: string): InstantNodeError {
  return new InstantNodeError(
    'unsupported-runtime',
    `Cannot open a database: the WebSocket of this runtime cannot follow ${asked}; Bun's can`,
    { hint: 'Leave out "connection.WebSocket": the package ws can, on every runtime' },
  );
}

function nativeByItself(): InstantNodeError {
  return new InstantNodeError(
    'unsupported-runtime',
    'Cannot open a database: the environment names a proxy, which the WebSocket of this runtime may take or not, by rules of its own',
    { hint: 'Leave out "connection.WebSocket": the package ws goes by what is said here alone' },
  );
}

function classCannot(asked: string): InstantNodeError {
  return invalidOption(
    `the class of option "connection.WebSocket" cannot follow ${asked}: it takes nothing but an address`,
    'Leave out "connection.WebSocket", or have the class itself do what is asked for, and leave that out',
  );
}
