import process from 'node:process';
import { getProxyForUrl } from 'proxy-from-env';
import { denoGlobal } from '../../runtime/deno.ts';
import { detectRuntime } from '../../runtime/detect.ts';

/** The variables that name a proxy, and the one that names the hosts to reach without. */
const NAMING = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'];
const ALL = [...NAMING, 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]);

/** The values of the variables that name a proxy; none where the environment may not be read. */
function named(): string[] {
  if (!mayRead()) return [];
  return NAMING.flatMap((name) => [process.env[name.toLowerCase()], process.env[name]]).filter(
    (value) => value !== undefined && value !== '',
  ) as string[];
}

/** Whether the environment names a proxy, for whatever address. */
export function hasProxyVariable(): boolean {
  return named().length > 0;
}

/** The proxy that the environment names for an address of HTTP or of WebSockets; undefined for none. */
export function proxyOfEnvironment(address: URL): string | undefined {
  const values = named();
  if (values.length === 0) return undefined;
  const url = new URL(address.href.replace(/^ws/, 'http'));
  const proxy = getProxyForUrl(url.href);
  if (proxy === '') return undefined;
  // Of a value without a scheme the package takes the address's, which would ask for TLS to the proxy itself.
  return values.includes(proxy) ? proxy : `http://${proxy.replace(/^\w+:\/\//, '')}`;
}

/** Deno asks the user, or throws, when a program reads a variable that it was not given leave to. */
function mayRead(): boolean {
  if (detectRuntime() !== 'deno') return true;
  const { permissions } = denoGlobal();
  return ALL.every((variable) => permissions.querySync({ name: 'env', variable }).state === 'granted');
}
