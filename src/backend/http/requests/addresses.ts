import { isIPv6 } from 'node:net';

/** The host of a `Host` header, normalized and without brackets; undefined when it has none. */
export function hostOfHeader(header: string): string | undefined {
  const [, host] = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(header) ?? [];
  return host === undefined ? undefined : usualForm(host);
}

/** Normalizes a host name or IP address as an operator writes it, without a port, in the same way. */
export function hostOfOption(text: string): string | undefined {
  const [address = ''] = text.split('%');
  return usualForm(isIPv6(address) ? `[${address}]` : text);
}

/** Whether a server listens on all addresses: the names it is reached by cannot be known then. */
export function isEveryAddress(host: string): boolean {
  return ['0.0.0.0', '::', '::ffff:0:0'].includes(hostOfOption(host) ?? '');
}

/** The origin of a web URL that has nothing beyond it; undefined otherwise. */
export function originOf(text: string): string | undefined {
  if (!/^https?:\/\/[^/?#@\\\s]+\/?$/i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text).origin;
}

function usualForm(host: string): string | undefined {
  if (!/^(?:\[[\da-f:.]+\]|[^\s:/?#@\\[\]]+)$/i.test(host) || !URL.canParse(`http://${host}`))
    return undefined;
  const { hostname } = new URL(`http://${host}`);
  // A trailing dot does not change the name.
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname.replace(/\.$/, '');
}
