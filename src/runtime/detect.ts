import { InstantNodeError } from '../errors.ts';

/**
 * The supported runtimes, each with a global that identifies it. The order matters: Bun and Deno define Node's global
 * too, so they are tried first.
 */
const RUNTIMES = { bun: 'Bun', deno: 'Deno', node: 'process' } as const;

/** The supported runtimes. */
export type RuntimeName = keyof typeof RUNTIMES;

/**
 * Detects the current runtime.
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
