import { setImmediate } from 'node:timers';
import type { NetworkOutside } from './network-outside.ts';

interface Timer {
  readonly at: number;
  readonly work: () => void;
}

/** A question that waits for the test to answer it. */
export interface Asked {
  /** The name of a host, or a URL. */
  readonly of: string;
  readonly signal: AbortSignal | undefined;
  /** A status for a URL; anything for a name. */
  yes(status?: number): Promise<void>;
  no(cause: unknown): Promise<void>;
}

/** A world whose time passes when a test says so, and whose answers a test gives. */
export class FakeOutside implements NetworkOutside {
  /** Every question so far. */
  readonly asked: Asked[] = [];
  readonly #timers = new Set<Timer>();
  #now = 0;

  readonly after: NetworkOutside['after'] = (ms, work) => {
    const timer = { at: this.#now + ms, work };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  readonly lookup: NetworkOutside['lookup'] = (hostname) => this.#ask(hostname, undefined);

  status: NetworkOutside['status'] = (url, _route, signal) => this.#ask(url.href, signal);

  /** How many timers run. */
  get timers(): number {
    return this.#timers.size;
  }

  /** The last question. */
  get last(): Asked {
    const last = this.asked.at(-1);
    if (!last) throw new Error('Nothing was asked');
    return last;
  }

  /** Lets time pass, timer by timer. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#now = next.at;
      this.#timers.delete(next);
      next.work();
      await settled();
    }
    this.#now = until;
  }

  #ask(of: string, signal: AbortSignal | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      const yes = (status = 200): Promise<void> => {
        resolve(status);
        return settled();
      };
      const no = (cause: unknown): Promise<void> => {
        reject(cause);
        return settled();
      };
      this.asked.push({ of, signal, yes, no });
    });
  }
}

/** Lets everything run that waits for nothing else. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
