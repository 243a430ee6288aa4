import { hostOfOption, originOf } from '../backend/http/requests/addresses.ts';
import type { BackendOptions, EphemeralAppOptions } from '../backend/index.ts';
import type { Flags, FlagValues } from './parse-flags.ts';
import { UsageError } from './usage-error.ts';

/** The flags that say whom a backend answers, and what anyone may do there. */
export const ACCESS_FLAGS = {
  'allow-host': {
    value: '<name>',
    many: true,
    help: 'A name by which it is reached, beside localhost (repeatable)',
  },
  'allow-origin': {
    value: '<origin>',
    many: true,
    help: 'A website whose pages may change apps: https://example.com (repeatable)',
  },
  'allow-provider': {
    value: '<origin>',
    many: true,
    help: 'A sign-in provider in this network, for all apps: http://localhost:8080 (repeatable)',
  },
  'no-ephemeral-apps': { help: 'Let nobody create an app without the CLI token' },
  'max-ephemeral-apps': { value: '<number>', help: 'How many apps anybody may create (default 1000)' },
  'max-ephemeral-bytes': { value: '<number>', help: 'What these hold together (default 268435456)' },
} as const satisfies Flags;

type AccessFlags = FlagValues<typeof ACCESS_FLAGS>;

/** @throws {UsageError} that names the flag whose value is invalid. */
export function accessOptions(flags: AccessFlags): BackendOptions {
  return {
    allowHosts: listOf(flags, 'allow-host', hostOfOption, 'a host name or an IP address, without a port'),
    allowOrigins: listOf(flags, 'allow-origin', originOf, 'an origin, such as https://example.com'),
    allowProviders: listOf(flags, 'allow-provider', originOf, 'an origin, such as http://localhost:8080'),
    ephemeralApps: ephemeralApps(flags),
  };
}

function listOf(
  flags: AccessFlags,
  name: 'allow-host' | 'allow-origin' | 'allow-provider',
  read: (text: string) => string | undefined,
  wanted: string,
): string[] {
  const values = flags[name] ?? [];
  const wrong = values.find((value) => read(value) === undefined);
  if (wrong === undefined) return values;
  throw new UsageError(`Cannot use --${name} ${wrong}: expected ${wanted}`);
}

function ephemeralApps(flags: AccessFlags): boolean | EphemeralAppOptions {
  const maxApps = countOf(flags, 'max-ephemeral-apps');
  const maxBytes = countOf(flags, 'max-ephemeral-bytes');
  if (!flags['no-ephemeral-apps']) {
    return { ...(maxApps !== undefined && { maxApps }), ...(maxBytes !== undefined && { maxBytes }) };
  }
  if ((maxApps ?? maxBytes) === undefined) return false;
  throw new UsageError('Cannot use --no-ephemeral-apps along with a limit of such apps');
}

function countOf(flags: AccessFlags, name: 'max-ephemeral-apps' | 'max-ephemeral-bytes'): number | undefined {
  const text = flags[name];
  if (text === undefined) return undefined;
  const count = Number(text);
  if (/^\d+$/.test(text) && count > 0 && Number.isSafeInteger(count)) return count;
  throw new UsageError(`Cannot use --${name} ${text}: expected a positive integer`);
}
