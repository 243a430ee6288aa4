import { isIPv4 } from 'node:net';

/** The addresses of `localhost`. Nobody is asked for them: an answer could be another (RFC 6761). */
export const LOOPBACK_ADDRESSES: readonly string[] = ['127.0.0.1', '::1'];

/** Whether a name, in lower case, is `localhost` or under it. */
export function isLocalhost(hostname: string): boolean {
  return /^(?:.+\.)?localhost\.?$/.test(hostname);
}

/** Whether a host, as `URL` writes it but without brackets, is this machine for whoever asks. */
export function isLoopback(hostname: string): boolean {
  const v4 = isIPv4(hostname) && hostname.startsWith('127.');
  return v4 || hostname === '::1' || isLocalhost(hostname);
}
