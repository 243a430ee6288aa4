import { InstantNodeError } from './errors.ts';

/** The error of `init` for an option that cannot be used; `what` says which option, and what is wrong with it. */
export function invalidOption(what: string, hint?: string): InstantNodeError {
  return new InstantNodeError(
    'invalid-config',
    `Cannot open a database: ${what}`,
    hint === undefined ? {} : { hint },
  );
}

/** The same for an option that is not what is `wanted`. A value that may be a secret is not shown. */
export function refusedOption(name: string, value: unknown, wanted: string, hint?: string): InstantNodeError {
  const shown = /token|key/i.test(name) ? `a value of type ${typeof value}` : show(value);
  return invalidOption(`option "${name}" is ${shown}, expected ${wanted}`, hint);
}

/** A value as part of a message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean') {
    return String(value);
  }
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}
