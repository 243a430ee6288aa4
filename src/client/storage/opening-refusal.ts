import { InstantNodeError, isInstantNodeError } from '../../errors.ts';

const refusals = new WeakSet<Error>();

/** Why a storage is not opened, now or on another try. What it holds is not touched. */
export function refusal(storage: string, why: string, hint: string, cause?: unknown): InstantNodeError {
  const error = new InstantNodeError('storage', `Cannot open storage "${storage}": ${why}`, { hint, cause });
  refusals.add(error);
  return error;
}

/** Whether opening again would fail again. Anything else, such as a server that is away, may pass. */
export function isFinal(error: unknown): boolean {
  return isInstantNodeError(error) && (refusals.has(error) || error.code === 'storage-locked');
}
