/** How many newcomers there may be, and for how long each. */
export interface NewcomerLimits {
  readonly inAll: number;
  /** From one address that is not of this machine. */
  readonly perAddress: number;
  readonly patienceMs: number;
}

/**
 * The sessions that have not been let in yet: anybody may open one, so that they are limited in number
 * and in time. Behind a proxy on this machine all come from an address of it, and the number of all alone counts.
 */
export class Newcomers {
  readonly limits: NewcomerLimits;
  readonly #byAddress = new Map<string, number>();
  #size = 0;

  constructor(limits: NewcomerLimits) {
    this.limits = limits;
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Whether one more may come from an address; null is that of all whose address is not known. */
  hasRoomFor(ip: string | null): boolean {
    if (this.#size >= this.limits.inAll) return false;
    return isLoopback(ip) || (this.#byAddress.get(keyOf(ip)) ?? 0) < this.limits.perAddress;
  }

  /**
   * Counts one in. `late` is called when it has stayed for too long. What this gives counts it out again, and is to be
   * called when it is let in or gone; further calls do nothing.
   */
  enter(ip: string | null, late: () => void): () => void {
    const key = keyOf(ip);
    this.#add(key, 1);
    const timer = setTimeout(late, this.limits.patienceMs);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      clearTimeout(timer);
      this.#add(key, -1);
    };
  }

  #add(key: string, change: 1 | -1): void {
    this.#size += change;
    const count = (this.#byAddress.get(key) ?? 0) + change;
    if (count === 0) this.#byAddress.delete(key);
    else this.#byAddress.set(key, count);
  }
}

/** An address of IPv4 may come in the form of IPv6. */
const keyOf = (ip: string | null): string => (ip ?? '').toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');

function isLoopback(ip: string | null): boolean {
  const key = keyOf(ip);
  return key === '::1' || key.startsWith('127.');
}
