import { type Clock, processClock } from '../timing/clock.ts';
import { type GateLimits, HostGate } from './host-gate.ts';

/** A gate with the number of databases that use it. */
interface Shared {
  readonly gate: HostGate;
  users: number;
}

const shared: Map<string, Shared> = new Map();

/**
 * The gate of a host for all databases of the process that reach it in the same way, which `key` says. Call `release`
 * when the database is closed.
 */
export function gateOf(
  key: string,
  limits: GateLimits,
  clock: Clock = processClock,
): { gate: HostGate; release(): void } {
  const name = JSON.stringify([key, limits.maxConnecting, limits.maxConnectsPerSecond]);
  const found = shared.get(name) ?? { gate: new HostGate(limits, clock), users: 0 };
  shared.set(name, found);
  found.users++;
  let isReleased = false;
  return {
    gate: found.gate,
    release: () => {
      if (isReleased) return;
      isReleased = true;
      if (--found.users === 0) shared.delete(name);
    },
  };
}
