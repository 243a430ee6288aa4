import { ServerError } from '../../protocol/error.ts';

/** A `record-expired` error; `args` are what was looked for. */
export function recordExpired(recordType: string, args: Record<string, unknown>): ServerError {
  return new ServerError('record-expired', `Record expired: ${recordType}`, {
    args: [args],
    'record-type': recordType,
  });
}
