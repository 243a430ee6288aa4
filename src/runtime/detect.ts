import { InstantNodeError } from '../errors.ts';

/** The runtimes that this package serves. */
export type RuntimeName = 'bun' | 'deno' | 'node';

/**
 * Which runtime this is. Bun and Deno are asked for first, because both answer to Node's names too.
 *
 * @throws {InstantNodeError} `unsupported-runtime` when none of the three is found.
 */
export function detectRuntime(host: object = globalThis): RuntimeName {
  if ('Bun' in host) return 'bun';
  if ('Deno' in host) return 'deno';
  if ('process' in host) return 'node';
  throw new InstantNodeError(
    'unsupported-runtime',
    'Cannot choose drivers: found none of Bun, Deno and process',
    {
      hint: 'Run this on Node 20 or later, on Bun or on Deno; in a browser use @instantdb/core',
    },
  );
}
