import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { nodeVersion } from '../../version.ts';
import { AddressRefusedError, type Egress, type EgressOptions } from './contract.ts';
import { isLocalhost, LOOPBACK_ADDRESSES } from './loopback.ts';
import { sendRequest } from './send-request.ts';

/** Creates an `Egress` that works on every runtime. */
export function createEgress({
  mayReach = () => true,
  resolve = resolveBySystem,
  timeoutMs = 10_000,
  maxBytes = 1024 * 1024,
  ca,
}: EgressOptions = {}): Egress {
  return async (address, message = {}) => {
    const url = webAddress(address);
    const hostname = hostnameOf(url);
    const signal = AbortSignal.timeout(timeoutMs);
    const found = knownAddresses(hostname) ?? (await unlessAborted(resolve(hostname), signal));
    const addresses = found.filter(mayReach);
    if (addresses.length === 0) throw new AddressRefusedError(hostname);
    const headers = { 'user-agent': `instantdb-node/${nodeVersion}`, ...message.headers };
    return sendRequest({ ...message, url, hostname, addresses, headers }, { signal, maxBytes, ca });
  };
}

function webAddress(address: string): URL {
  const url = new URL(address);
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw new TypeError(`Cannot ask ${url.protocol}: only http: and https: are asked`);
}

/** The name or the IP address. `URL` has normalized other notations of an address: 2130706433, 0x7f.1, 127.1. */
function hostnameOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function knownAddresses(hostname: string): readonly string[] | undefined {
  if (isIP(hostname) !== 0) return [hostname];
  return isLocalhost(hostname) ? LOOPBACK_ADDRESSES : undefined;
}

async function resolveBySystem(hostname: string): Promise<string[]> {
  const found = await lookup(hostname, { all: true });
  return found.map(({ address }) => address);
}

/** The result of `work`, or a rejection with the signal's reason if that comes first. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
