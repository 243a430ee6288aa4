import { alwaysOnline } from './always-online.ts';
import { dnsKind } from './dns-kind.ts';
import { httpKind } from './http-kind.ts';
import type { NetworkOption } from './network-config.ts';
import type { NetworkKind } from './network-kind.ts';
import { type NetworkOutside, outside } from './network-outside.ts';

/** Every kind of network listener that has a name, in the order in which messages list them; the first is the default. */
export type NetworkKinds = Readonly<Record<Extract<NetworkOption, string>, NetworkKind>>;

/** The kinds over a world of their own. */
export function networkKindsOver(world: NetworkOutside): NetworkKinds {
  return { 'always-online': alwaysOnline, dns: dnsKind(world), http: httpKind(world) };
}

/** The kinds over the world itself. All runtimes have the same ones. */
export const networkKinds: NetworkKinds = networkKindsOver(outside);
