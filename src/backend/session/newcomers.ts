/** How many newcomers there may be, and how long each may stay one. */
export interface NewcomerLimits {
  readonly inAll: number;
  /** From one address outside this machine. */
  readonly perAddress: number;
  readonly patienceMs: number;
}

/**
 * The sessions whose `init` has not been accepted yet. Anyone may open one, so their number and duration are limited.
 * Behind a proxy on this machine, all of them come from a local address, and only the total is limited.
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

  /** Whether there is room for one more from an address; null stands for all unknown addresses. */
  hasRoomFor(ip: string | null): boolean {
    if (this.#size >= this.limits.inAll) return false;
    return isLoopback(ip) || (this.#byAddress.get(keyOf(ip)) ?? 0) < this.limits.perAddress;
  }

  /**
   * Counts a newcomer. `late` is called when it has stayed one for too long. The returned function must be called when
   * its `init` is accepted or it is gone; further calls do nothing.
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

/** An IPv4 address may come in IPv6 form. */
const keyOf = (ip: string | null): string => (ip ?? '').toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');

function isLoopback(ip: string | null): boolean {
  const key = keyOf(ip);
  return key === '::1' || key.startsWith('127.');
}
