import { isLoopback } from '../../../drivers/egress/index.ts';
import { ServerError } from '../../../protocol/error.ts';
import { hostOfHeader, hostOfOption, isEveryAddress, originOf } from './addresses.ts';

/** Whom a backend answers, by what a browser says of a request and a page cannot change. */
export interface Gate {
  /**
   * Whether the name that a request was made to, its `Host`, is one of the backend's own. A website can have a name of
   * its own stand for this machine, and its pages then pass for ours; that name they cannot hide. Without a `Host` a
   * request is of no browser.
   */
  admitsHost(host: string | null): boolean;
  /** Whether pages of this origin may change what is under `/dash`. Without an `Origin` a request is of no page. */
  admitsOrigin(origin: string | null): boolean;
}

/** What a gate depends on: options of the backend, in the form that they have there. */
export interface GateOptions {
  readonly host: string;
  readonly allowHosts: readonly string[];
  readonly allowOrigins: readonly string[];
}

/** A request from where none is taken. */
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
      // What a sandboxed page or a file has, "null", is no origin.
      if (origin === undefined) return false;
      return isLoopback(hostOfHeader(new URL(origin).host) ?? '') || allowOrigins.includes(origin);
    },
  };
}

/** @throws {NotAdmittedError} that names the option which would let it in. */
export function assertHost(gate: Gate, { headers }: Request): void {
  const host = headers.get('host');
  if (gate.admitsHost(host)) return;
  const advice = 'Option "allowHosts", --allow-host, names the hosts by which this backend may be reached';
  throw new NotAdmittedError('Host', host ?? '', advice);
}

/** @throws {NotAdmittedError} that names the option which would let it in. */
export function assertOrigin(gate: Gate, { headers }: Request): void {
  const origin = headers.get('origin');
  if (gate.admitsOrigin(origin)) return;
  const advice = 'Option "allowOrigins", --allow-origin, names the origins whose pages may change apps';
  throw new NotAdmittedError('Origin', origin ?? '', advice);
}
