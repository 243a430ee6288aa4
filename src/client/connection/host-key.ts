import { createHmac, randomBytes } from 'node:crypto';
import type { Route, SocketDriver, TlsSettings, WebSocketClass } from '../../drivers/contract.ts';

/** How a database reaches a host. */
export interface HostWay {
  /** The address of its sessions. */
  readonly websocketURI: string;
  /** The way to that address. */
  readonly route: Pick<Route, 'proxy' | 'tls'>;
  readonly driver: Pick<SocketDriver, 'name'>;
  /** What was chosen as `connection.WebSocket`. */
  readonly WebSocket: 'native' | WebSocketClass | undefined;
}

/** Passwords may be short enough to be guessed from a plain digest; that of this process nobody can repeat. */
const secret = randomBytes(32);

const numbers: WeakMap<WebSocketClass, number> = new WeakMap();
let classes = 0;

/** The record makes the compiler demand new ones here. */
const OF_TLS: Record<keyof TlsSettings, true> = {
  ca: true,
  cert: true,
  key: true,
  servername: true,
  rejectUnauthorized: true,
};

/**
 * What databases must have in common to learn from each other whether a host is there: scheme, host, port, proxy, TLS
 * options, and what opens their sockets. Holds no password and no key, only a digest with a secret of this process.
 */
export function hostKey({ websocketURI, route, driver, WebSocket }: HostWay): string {
  const { protocol, hostname, port } = new URL(websocketURI);
  const { proxy, tls } = route;
  const way = [
    proxy && [proxy.origin, proxy.authorization],
    Object.keys(OF_TLS).map((name) => settingOf(tls, name as keyof TlsSettings)),
  ];
  return JSON.stringify([
    protocol,
    hostname,
    Number(port) || (protocol === 'wss:' ? 443 : 80),
    createHmac('sha256', secret).update(JSON.stringify(way)).digest('base64url'),
    driver.name,
    typeof WebSocket === 'function' ? numberOf(WebSocket) : undefined,
  ]);
}

/** Where two settings mean the same, the same. */
function settingOf(tls: TlsSettings, name: keyof TlsSettings): unknown {
  if (name === 'rejectUnauthorized') return tls[name] ?? true;
  return name === 'ca' && typeof tls.ca === 'string' ? [tls.ca] : tls[name];
}

/** Classes have no name that tells them apart. */
function numberOf(Class: WebSocketClass): number {
  const number = numbers.get(Class) ?? ++classes;
  numbers.set(Class, number);
  return number;
}
