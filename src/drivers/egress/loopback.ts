import { isIPv4 } from 'node:net';

/** The addresses of `localhost`. It is not looked up, because a resolver could give another address (RFC 6761). */
export const LOOPBACK_ADDRESSES: readonly string[] = ['127.0.0.1', '::1'];

/** Whether a name, in lower case, is `localhost` or a subdomain of it. */
export function isLocalhost(hostname: string): boolean {
  return /^(?:.+\.)?localhost\.?$/.test(hostname);
}

/** Whether a host, as `URL` writes it but without brackets, always means the machine that uses it. */
export function isLoopback(hostname: string): boolean {
  const v4 = isIPv4(hostname) && hostname.startsWith('127.');
  return v4 || hostname === '::1' || isLocalhost(hostname);
}
