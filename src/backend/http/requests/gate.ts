import { isLoopback } from '../../../drivers/egress/index.ts';
import { ServerError } from '../../../protocol/error.ts';
import { hostOfHeader, hostOfOption, isEveryAddress, originOf } from './addresses.ts';

/** Decides whose requests a backend answers, by headers that browsers set and pages cannot change. */
export interface Gate {
  /**
   * Whether a request's `Host` is one of the backend's own names. A website can point a name it controls at this
   * machine, so that its pages count as same-origin (DNS rebinding), but it cannot hide that name. A request without a
   * `Host` does not come from a browser.
   */
  admitsHost(host: string | null): boolean;
  /**
   * Whether pages of this origin may make changes under `/dash`. A request without an `Origin` does not come from a
   * page.
   */
  admitsOrigin(origin: string | null): boolean;
}

/** The options of the backend that a gate depends on. */
export interface GateOptions {
  readonly host: string;
  readonly allowHosts: readonly string[];
  readonly allowOrigins: readonly string[];
}

/** A request from a host or an origin that is not admitted. */
export class NotAdmittedError extends ServerError {
  constructor(what: 'Host' | 'Origin', value: string, advice: string) {
    const shown = value.slice(0, 200);
    super('permission-denied', `Permission denied: ${what} "${shown}" is not allowed here. ${advice}`, {
      input: shown,
      expected: `allowed-${what.toLowerCase()}?`,
    });
    this.name = 'NotAdmittedError';
  }
}

export function createGate({ host, allowHosts, allowOrigins }: GateOptions): Gate {
  const own = hostOfOption(host);
  const takesAnyHost = isEveryAddress(host);
  return {
    admitsHost(header) {
      if (takesAnyHost || header === null) return true;
      const name = hostOfHeader(header);
      return name !== undefined && (isLoopback(name) || name === own || allowHosts.includes(name));
    },
    admitsOrigin(header) {
      if (header === null) return true;
      const origin = originOf(header);
      // A sandboxed page or a local file sends "null", which is not an origin.
      if (origin === undefined) return false;
      return isLoopback(hostOfHeader(new URL(origin).host) ?? '') || allowOrigins.includes(origin);
    },
  };
}

/** @throws {NotAdmittedError} that names the option that would admit it. */
export function assertHost(gate: Gate, { headers }: Request): void {
  const host = headers.get('host');
  if (gate.admitsHost(host)) return;
  const advice = 'Option "allowHosts", --allow-host, names the hosts by which this backend may be reached';
  throw new NotAdmittedError('Host', host ?? '', advice);
}

/** @throws {NotAdmittedError} that names the option that would admit it. */
export function assertOrigin(gate: Gate, { headers }: Request): void {
  const origin = headers.get('origin');
  if (gate.admitsOrigin(origin)) return;
  const advice = 'Option "allowOrigins", --allow-origin, names the origins whose pages may change apps';
  throw new NotAdmittedError('Origin', origin ?? '', advice);
}
