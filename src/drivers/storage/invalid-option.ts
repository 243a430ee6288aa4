import { InstantNodeError } from '../../errors.ts';

/** The error of `init` for an option of a storage; `what` says which, and what is wrong with it. */
export function invalidOption(what: string, hint?: string): InstantNodeError {
  return new InstantNodeError(
    'invalid-config',
    `Cannot open a database: ${what}`,
    hint === undefined ? {} : { hint },
  );
}

/** Whether a value is an object, and no list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
