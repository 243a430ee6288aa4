import { detectRuntime } from '../../runtime/detect.ts';
import type { Listener, ListenOptions } from './contract.ts';

/** Listens with the driver of the runtime that this is. Keeps the promises of `Listen`. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const driver = await load();
  return driver.listen(options);
}

// Lazily, because each driver's own imports are there on its runtime alone.
function load(): Promise<{ listen(options: ListenOptions): Promise<Listener> }> {
  switch (detectRuntime()) {
    case 'bun':
      return import('./bun.ts');
    case 'deno':
      return import('./deno.ts');
    case 'node':
      return import('./node.ts');
  }
}
