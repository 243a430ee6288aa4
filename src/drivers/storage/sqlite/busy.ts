import { InstantNodeError } from '../../../errors.ts';

/** Whether SQLite says that another connection has the file locked, which may be over in a moment. */
export function isBusy(error: unknown): boolean {
  // Deno gives no number, and each package a code of its own.
  return error instanceof Error && /^database is locked/.test(error.message);
}

/** How long another program may have the file locked. */
export const PATIENCE_MS = 5_000;

/** What there is to say once that is over. `action` as in `Cannot write to`. */
export function isLockedTooLong(action: string, subject: string, cause: unknown): InstantNodeError {
  const why = `another program has had the file locked for ${PATIENCE_MS / 1_000} seconds`;
  return new InstantNodeError('storage', `Cannot ${action} ${subject}: ${why}`, {
    hint: 'See what else has the file open, and have it end its transactions',
    cause,
  });
}
