import { statSync } from 'node:fs';
import { InstantNodeError } from '../../errors.ts';

/** A file or a folder that is not its owner's alone. */
export interface Exposure {
  /** As a sentence's end: `others than its owner may use "/data/app.db" (mode 644)`. */
  readonly what: string;
  /** As a sentence: `Run: chmod 600 "/data/app.db"`. */
  readonly hint: string;
}

/**
 * Whether other users of this machine may read, write or enter any of `paths`. What is not there is open to nobody, and
 * Windows has no modes. A mode is told and never changed: it may be meant.
 */
export function exposureOf(...paths: readonly string[]): Exposure | undefined {
  if (process.platform === 'win32') return undefined;
  const open = paths.flatMap((path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats && (stats.mode & 0o077) !== 0 ? [{ path, stats }] : [];
  });
  if (open.length === 0) return undefined;
  const named = open.map(({ path, stats }) => `"${path}" (mode ${(stats.mode & 0o777).toString(8)})`);
  const right = open.some(({ stats }) => stats.isDirectory()) ? '700' : '600';
  return {
    what: `others than its owner may use ${named.join(', ')}`,
    hint: `Run: chmod ${right} ${open.map(({ path }) => `"${path}"`).join(' ')}`,
  };
}

/** The parts of a database's storage that are told of it. */
interface Told {
  report(error: InstantNodeError): void;
}

/** Reports that a storage is open to others, if it is: to be called once, when it was opened. */
export function reportExposure(subject: string, paths: readonly string[], { report }: Told): void {
  const exposure = exposureOf(...paths);
  if (!exposure) return;
  report(new InstantNodeError('storage', `Opened ${subject}: ${exposure.what}`, { hint: exposure.hint }));
}
