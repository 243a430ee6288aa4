import { InstantNodeError } from '../errors.ts';

/**
 * The runtimes that this package serves, each with a global that it has; in the order in which they are asked for, because
 * Bun and Deno answer to Node's names too.
 */
const RUNTIMES = { bun: 'Bun', deno: 'Deno', node: 'process' } as const;

/** The runtimes that this package serves. */
export type RuntimeName = keyof typeof RUNTIMES;

/**
 * Which runtime this is.
 *
 * @throws {InstantNodeError} `unsupported-runtime` when none of the three is found.
 */
export function detectRuntime(host: object = globalThis): RuntimeName {
  for (const [name, global] of Object.entries(RUNTIMES)) if (global in host) return name as RuntimeName;
  throw new InstantNodeError(
    'unsupported-runtime',
    'Cannot choose drivers: found none of Bun, Deno and process',
    {
      hint: 'Run this on Node 20 or later, on Bun or on Deno; in a browser use @instantdb/core',
    },
  );
}
