import { detectRuntime, type RuntimeName } from '../../runtime/detect.ts';
import type { Listen, Listener, ListenOptions } from './contract.ts';

// Loaded lazily, because each driver imports modules that only its own runtime has.
const DRIVERS: Readonly<Record<RuntimeName, () => Promise<{ listen: Listen }>>> = {
  bun: () => import('./bun.ts'),
  deno: () => import('./deno.ts'),
  node: () => import('./node.ts'),
};

/** Listens with the driver for the current runtime. Fulfills the contract of `Listen`. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const driver = await DRIVERS[detectRuntime()]();
  return driver.listen(options);
}
