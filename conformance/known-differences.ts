import type { TestRuntime } from '../runtimes/this-runtime.ts';

// What differs from runtime to runtime. Each is asserted, not skipped: the day it is gone, a test says so.

type ByRuntime<T> = Readonly<Record<TestRuntime, T>>;

function byRuntime<T>(node: T, others: Partial<Record<TestRuntime, T>> = {}): ByRuntime<T> {
  return { node20: node, node22: node, node24: node, node26: node, bun: node, deno: node, ...others };
}

/**
 * Globals that the runtime itself adds or replaces when this package is loaded. Deno does so for `import 'node:module'`
 * alone, with nothing else in the program (seen on 2.9.6; no report of it was found upstream).
 */
export const globalsChangedByRuntime: ByRuntime<string[]> = byRuntime<string[]>([], {
  deno: ['MessageChannel', 'MessagePort', 'nodeBootstrap'],
});
