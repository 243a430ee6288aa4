import { hostnameOf } from './health-request.ts';
import type { NetworkKind } from './network-kind.ts';
import type { NetworkOutside } from './network-outside.ts';
import { polledSource } from './polled-source.ts';

/**
 * Takes the network for there while the name of the database's server can be resolved; where a proxy leads to it, that of
 * the proxy: behind one, the names of servers need not be known to any but the proxy.
 */
export function dnsKind({ lookup, after }: Pick<NetworkOutside, 'lookup' | 'after'>): NetworkKind {
  return {
    options: ['intervalMs', 'timeoutMs', 'threshold'],
    source({ apiURI, ways, ...pace }) {
      const { proxy } = ways.to(apiURI);
      const hostname = hostnameOf(new URL(proxy?.origin ?? apiURI));
      const check = {
        what: `resolving the name "${hostname}"${proxy ? ' of the proxy' : ''}`,
        identity: ['dns'],
        circumstances: [hostname],
        ask: () => lookup(hostname),
      };
      return polledSource(check, pace, after);
    },
  };
}
