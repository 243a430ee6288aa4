// By its path: what tells the runtimes apart is no part of what the package exports.
import { detectRuntime } from '../src/runtime/detect.ts';

/** The runtimes that tests run on, by the names that plan.mjs has for them. */
export type TestRuntime = 'node20' | 'node22' | 'node24' | 'node26' | 'bun' | 'deno';

/** The one that this process is. */
export function thisRuntime(): TestRuntime {
  const name = detectRuntime();
  return name === 'node' ? (`node${process.versions.node.split('.')[0]}` as TestRuntime) : name;
}
