import { InstantNodeError } from '../../../errors.ts';

/** Whether SQLite reports that another connection has locked the file, which may pass in a moment. */
export function isBusy(error: unknown): boolean {
  // By the message: Deno gives no number, and each package has its own code.
  return error instanceof Error && /^database is locked/.test(error.message);
}

/** How long another program may keep the file locked. */
export const PATIENCE_MS = 5_000;

/** The error for a lock held longer than that. `action` as in `Cannot write to`. */
export function isLockedTooLong(action: string, subject: string, cause: unknown): InstantNodeError {
  const why = `another program has had the file locked for ${PATIENCE_MS / 1_000} seconds`;
  return new InstantNodeError('storage', `Cannot ${action} ${subject}: ${why}`, {
    hint: 'See what else has the file open, and have it end its transactions',
    cause,
  });
}
