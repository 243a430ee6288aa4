const FULL = 'Free some space on the disk. What was acknowledged is kept';
const FAILING = 'See whether the disk is full, or failing';
const NOT_ALLOWED =
  'Start Node with --allow-fs-read and --allow-fs-write for it: of a folder, the path and "/*" behind it; of a SQLite file, the folder that it is in';
const FORBIDDEN = 'Give storagePath a place that this process may write';

/** What would help against what a file system or SQLite said; undefined where that is not known. */
function hintAgainst(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const code = 'code' in cause ? cause.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT' || /disk is full|no space left/i.test(cause.message))
    return FULL;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || /readonly database/.test(cause.message))
    return FORBIDDEN;
  // What `--permission` is to let through; SQLite says it without the code.
  if (code === 'ERR_ACCESS_DENIED' || /ERR_ACCESS_DENIED|API has been restricted/.test(cause.message))
    return NOT_ALLOWED;
  // What SQLite says of a full disk too, when it cannot make the files beside its own.
  if (/disk I\/O error/.test(cause.message)) return FAILING;
  return undefined;
}

/** The same, as a part of an error's details. */
export function withHint(cause: unknown): { hint?: string; cause?: unknown } {
  const hint = hintAgainst(cause);
  return hint === undefined ? { cause } : { hint, cause };
}
