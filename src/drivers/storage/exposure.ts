import { statSync } from 'node:fs';
import { InstantNodeError } from '../../errors.ts';

/** A file or a folder that others than its owner may use. */
export interface Exposure {
  /** The end of a sentence: `others than its owner may use "/data/app.db" (mode 644)`. */
  readonly what: string;
  /** A sentence: `Run: chmod 600 "/data/app.db"`. */
  readonly hint: string;
}

/**
 * Finds out whether other users of this machine may read, write or enter any of `paths`. A missing path is open to no
 * one, and Windows has no modes. A mode is reported but never changed, since it may be intended.
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

/** The part of the storage options that takes reports. */
interface Told {
  report(error: InstantNodeError): void;
}

/** Reports that a storage is open to other users, if it is. Call it once, after opening. */
export function reportExposure(subject: string, paths: readonly string[], { report }: Told): void {
  const exposure = exposureOf(...paths);
  if (!exposure) return;
  report(new InstantNodeError('storage', `Opened ${subject}: ${exposure.what}`, { hint: exposure.hint }));
}
