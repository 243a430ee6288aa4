import { InstantError } from '@instantdb/core';
import { InstantNodeError } from '../../errors.ts';

/** What runtimes say when a peer cannot be reached or goes away, when they give no code. */
const WORDS = /^(fetch failed|terminated|error reading a body|error sending request|unable to connect)/i;
/** `Connection refused (os error 111)` */
const SYSTEM = /[A-Z][a-z ]+ \(os error \d+\)/;
/** Codes that systems give for files, not for connections. */
const OF_FILES: readonly unknown[] = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EIO', 'ELOOP', 'ENAMETOOLONG'];

/**
 * The error of an HTTP API call, turned into one of ours when there was no answer or none in JSON: runtimes name
 * neither the call nor the server, and hide the reason in a cause. Other errors are returned as they are.
 */
export function withoutAnswer(error: unknown, call: string, apiURI: string): unknown {
  const isOurs = error instanceof InstantError || error instanceof InstantNodeError;
  if (!(error instanceof Error) || isOurs) return error;
  if (error instanceof SyntaxError) {
    const message = `Cannot call ${call}(): the server at "${apiURI}" answered with what is not JSON`;
    const hint = 'Check whether option "apiURI" names an Instant server, and what stands between';
    return new InstantNodeError('protocol', message, { hint, cause: error });
  }
  if (isOfFile(error)) return error;
  const reason = systemReason(error);
  if (reason === undefined && !WORDS.test(error.message)) return error;
  // An upload goes to an address that the server names.
  const peer = call === 'upload' ? 'the server' : `"${apiURI}"`;
  return new InstantNodeError(
    'connection-failed',
    `Cannot call ${call}(): no answer from ${peer}${reason ? ` (${reason})` : ''}`,
    { hint: 'See whether the server runs and can be reached from here', cause: error },
  );
}

/** Whether a file to send could not be read, which is not the server's fault. */
function isOfFile(error: unknown, depth = 4): boolean {
  if (!(error instanceof Error) || depth === 0) return false;
  const { name, code, syscall, cause } = error as NodeJS.ErrnoException;
  const isUnreadable = name === 'NotReadableError' || syscall === 'open' || OF_FILES.includes(code);
  return isUnreadable || isOfFile(cause, depth - 1);
}

/** The system's reason why a connection failed, such as `ECONNREFUSED`; undefined when there is none. */
export function systemReason(error: unknown, depth = 4): string | undefined {
  if (!(error instanceof Error) || depth === 0) return undefined;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && /^(?!ERR_)[A-Z][A-Z_\d]+$/.test(code)) return code;
  const within = [error.cause, ...(error instanceof AggregateError ? error.errors : [])];
  for (const one of within) {
    const reason = systemReason(one, depth - 1);
    if (reason !== undefined) return reason;
  }
  return SYSTEM.exec(error.message)?.[0];
}
