import { createHash } from 'node:crypto';
import { InstantNodeError } from '../../errors.ts';
import type { NetworkLease } from '../contract.ts';
import type { NetworkPace } from './network-config.ts';
import type { NetworkCheck, NetworkSource } from './network-kind.ts';
import { NetworkMonitor } from './network-monitor.ts';
import type { NetworkOutside } from './network-outside.ts';
import { type MonitorShare, shareMonitor } from './shared-monitor.ts';

/**
 * Listeners that ask `check`: the databases of a process that ask the same question at the same pace ask it together.
 * It is asked from the first `getIsOnline` until the last lease is released.
 */
export function polledSource(
  check: NetworkCheck,
  { intervalMs, timeoutMs, threshold }: NetworkPace,
  after: NetworkOutside['after'],
): NetworkSource {
  const pace = { intervalMs, timeoutMs, threshold };
  const data = [check.identity, pace];
  const question = createHash('sha256')
    .update(JSON.stringify([data, check.circumstances]))
    .digest('base64url');
  const share = (): MonitorShare => shareMonitor(question, () => new NetworkMonitor(check, pace, { after }));
  return { identity: { data }, lease: () => new PolledLease(check.what, pace, share) };
}

class PolledLease implements NetworkLease {
  readonly #what: string;
  readonly #pace: NetworkPace;
  readonly #open: () => MonitorShare;
  #share: MonitorShare | undefined;
  #isReleased = false;
  readonly #stops = new Set<() => void>();

  constructor(what: string, pace: NetworkPace, open: () => MonitorShare) {
    this.#what = what;
    this.#pace = pace;
    this.#open = open;
  }

  /** Never settles once it is released. */
  getIsOnline(): Promise<boolean> {
    if (this.#isReleased) return new Promise(() => {});
    this.#share ??= this.#open();
    const { monitor } = this.#share;
    if (monitor.isOnline !== undefined) return Promise.resolve(monitor.isOnline);
    return new Promise((resolve) => {
      const stop = this.#watch((isOnline) => {
        stop();
        resolve(isOnline);
      });
    });
  }

  listen(change: (isOnline: boolean) => void): () => void {
    return this.#watch(change);
  }

  whyOffline(): InstantNodeError {
    const { threshold, intervalMs } = this.#pace;
    return new InstantNodeError(
      'connection-failed',
      `Paused, as there seems to be no network: ${this.#what} failed`,
      {
        cause: this.#share?.monitor.cause,
        hint: `It is tried again every ${intervalMs} ms; the database goes on when it has worked, ${threshold} times in a row if it had worked before`,
      },
    );
  }

  release(): void {
    this.#isReleased = true;
    for (const stop of this.#stops) stop();
    this.#stops.clear();
    this.#share?.giveBack();
    this.#share = undefined;
  }

  #watch(change: (isOnline: boolean) => void): () => void {
    if (this.#isReleased) return () => {};
    this.#share ??= this.#open();
    const stop = this.#share.monitor.watch(change);
    this.#stops.add(stop);
    return () => {
      stop();
      this.#stops.delete(stop);
    };
  }
}
