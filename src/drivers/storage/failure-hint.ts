const FULL = 'Free some space on the disk. What was acknowledged is kept';
const FAILING = 'See whether the disk is full, or failing';
const NOT_ALLOWED =
  'Start Node with --allow-fs-read and --allow-fs-write for it: of a folder, the path and "/*" behind it; of a SQLite file, the folder that it is in';
const FORBIDDEN = 'Give storagePath a place that this process may write';

/** A hint for an error of the file system or of SQLite; undefined when none is known. */
function hintAgainst(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const code = 'code' in cause ? cause.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT' || /disk is full|no space left/i.test(cause.message))
    return FULL;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || /readonly database/.test(cause.message))
    return FORBIDDEN;
  // A path that `--permission` does not allow; SQLite reports it without the code.
  if (code === 'ERR_ACCESS_DENIED' || /ERR_ACCESS_DENIED|API has been restricted/.test(cause.message))
    return NOT_ALLOWED;
  // SQLite also says this on a full disk, when it cannot create the files next to its own.
  if (/disk I\/O error/.test(cause.message)) return FAILING;
  return undefined;
}

/** The hint and the cause, as part of an error's details. */
export function withHint(cause: unknown): { hint?: string; cause?: unknown } {
  const hint = hintAgainst(cause);
  return hint === undefined ? { cause } : { hint, cause };
}
