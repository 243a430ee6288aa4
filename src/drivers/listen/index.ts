import { detectRuntime, type RuntimeName } from '../../runtime/detect.ts';
import type { Listen, Listener, ListenOptions } from './contract.ts';

// Lazily, because each driver's own imports are there on its runtime alone.
const DRIVERS: Readonly<Record<RuntimeName, () => Promise<{ listen: Listen }>>> = {
  bun: () => import('./bun.ts'),
  deno: () => import('./deno.ts'),
  node: () => import('./node.ts'),
};

/** Listens with the driver of the runtime that this is. Keeps the promises of `Listen`. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const driver = await DRIVERS[detectRuntime()]();
  return driver.listen(options);
}
