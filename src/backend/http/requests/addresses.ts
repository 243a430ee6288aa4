import { isIPv6 } from 'node:net';

/** The host in a `Host` header, in its usual form and without brackets; undefined when there is none in it. */
export function hostOfHeader(header: string): string | undefined {
  const [, host] = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(header) ?? [];
  return host === undefined ? undefined : usualForm(host);
}

/** The same of a host name or an IP address as an operator writes it: without a port. */
export function hostOfOption(text: string): string | undefined {
  const [address = ''] = text.split('%');
  return usualForm(isIPv6(address) ? `[${address}]` : text);
}

/** Whether an operator has a server listen on every address there is: its names cannot be known then. */
export function isEveryAddress(host: string): boolean {
  return ['0.0.0.0', '::', '::ffff:0:0'].includes(hostOfOption(host) ?? '');
}

/** The origin that an address of the web is, and nothing more than that; undefined when it is none. */
export function originOf(text: string): string | undefined {
  if (!/^https?:\/\/[^/?#@\\\s]+\/?$/i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text).origin;
}

function usualForm(host: string): string | undefined {
  if (!/^(?:\[[\da-f:.]+\]|[^\s:/?#@\\[\]]+)$/i.test(host) || !URL.canParse(`http://${host}`))
    return undefined;
  const { hostname } = new URL(`http://${host}`);
  // A name with a dot at its end is the same.
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname.replace(/\.$/, '');
}
