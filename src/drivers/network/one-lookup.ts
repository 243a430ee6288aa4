import { lookup as lookUp } from 'node:dns/promises';

interface Address {
  readonly address: string;
  readonly family: number;
}

const underWay = new Map<string, Promise<Address[]>>();

/**
 * The addresses of a host, as a connection would find them: names of this machine and of its search domains are found,
 * which a question to a name server would miss.
 *
 * The system can neither end a lookup nor do more than four at once, which files wait for, too. So a name is looked up
 * once at a time: whoever asks while that hangs waits for the same answer.
 */
export function addressesOf(hostname: string): Promise<Address[]> {
  const before = underWay.get(hostname);
  if (before) return before;
  const addresses = lookUp(hostname, { all: true }).finally(() => underWay.delete(hostname));
  underWay.set(hostname, addresses);
  return addresses;
}
