import { InstantNodeError } from '../../errors.ts';
import type { ListenOptions } from './contract.ts';

/** The error for a listener that could not bind its address. */
export function cannotListen({ host, port }: ListenOptions, cause: unknown): InstantNodeError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return new InstantNodeError('backend', `Cannot listen on "${host}" port ${port}${reason}`, {
    cause,
    // With port 0 the port cannot be at fault.
    hint:
      port === 0
        ? 'Give an address of this machine as the host: 127.0.0.1, or 0.0.0.0 for all there are'
        : 'Choose another port, or 0 for any free one; the host has to be an address of this machine. Several processes, such as workers of node:cluster, cannot share one: start it in one of them, and give the others its url',
  });
}
