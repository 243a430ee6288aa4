import type { NetworkKind } from './network-kind.ts';
import type { NetworkOutside } from './network-outside.ts';
import { polledSource } from './polled-source.ts';

/** Takes the network for there while the name of the database's server can be resolved. */
export function dnsKind({ lookup, after }: Pick<NetworkOutside, 'lookup' | 'after'>): NetworkKind {
  return {
    options: ['intervalMs', 'timeoutMs', 'threshold'],
    source({ apiURI, ...pace }) {
      // An IPv6 address is in brackets there.
      const hostname = new URL(apiURI).hostname.replace(/^\[|\]$/g, '');
      const check = {
        what: `resolving the name "${hostname}"`,
        identity: ['dns', hostname],
        ask: () => lookup(hostname),
      };
      return polledSource(check, pace, after);
    },
  };
}
