import { InstantNodeError } from '../../errors.ts';
import type { ListenOptions } from './contract.ts';

/** The error of a listener that could not have its address. */
export function cannotListen({ host, port }: ListenOptions, cause: unknown): InstantNodeError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return new InstantNodeError('backend', `Cannot listen on "${host}" port ${port}${reason}`, {
    cause,
    hint: 'Choose another port, or 0 for any free one',
  });
}
