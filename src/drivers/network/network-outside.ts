import { clearTimeout, setTimeout } from 'node:timers';
import type { Route } from '../contract.ts';
import { requestStatus } from './health-request.ts';
import { addressesOf } from './one-lookup.ts';

/** What network listeners need of the world: functions that do without `this`. */
export interface NetworkOutside {
  /** Calls `work` after `ms`, unless the returned function is called before. Does not keep the process running. */
  readonly after: (ms: number, work: () => void) => () => void;
  /** Resolves the name of a host; rejects when there is no address. Cannot be ended. */
  readonly lookup: (hostname: string) => Promise<unknown>;
  /** The status that a `GET` of `url` is answered with, on that way. Does not keep the process running. */
  readonly status: (url: URL, route: Route, signal: AbortSignal) => Promise<number>;
}

/** The world itself, the same on all three runtimes. */
export const outside: NetworkOutside = {
  after(ms, work) {
    const timer = setTimeout(work, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  lookup: addressesOf,
  status: requestStatus,
};
