import { InstantNodeError } from '../../../errors.ts';
import type { Disk } from './disk.ts';
import { LogFile } from './log-file.ts';
import { type ScannedLog, scanLog } from './log-scan.ts';

// `log-v<version of the format>-<generation of the lock>-<number>`. The highest one is the current log. A new log is
// written under another name, and renamed to this one when it is complete and on disk, so the highest is always
// complete.
const LOG = /^log-v(\d+)-(\d+)-(\d+)$/;
const UNFINISHED = '.new';

/** The version of the format: of the files, and of the lines in them. */
export const LOG_VERSION = 1;

/** A log that was opened, with its content. */
export interface OpenedLog {
  readonly file: LogFile;
  readonly content: ScannedLog;
  /** The generation of the lock whose owner began it. */
  readonly generation: number;
  /** Its number among the logs of that owner. */
  readonly number: number;
}

/** The logs in a folder. */
export interface LogFolder {
  /** The current log. */
  readonly current: OpenedLog | undefined;
  /** Logs that are no longer current, or never were. */
  readonly obsolete: readonly string[];
}

interface Name {
  readonly name: string;
  readonly version: number;
  readonly generation: number;
  readonly number: number;
}

/**
 * Reads a folder of logs.
 *
 * @throws {InstantNodeError} `storage` when it was written by a later version of this package; nothing is changed.
 */
export function openLogFolder(disk: Disk, folder: string, subject: string): LogFolder {
  const names = disk.list(folder);
  const logs = names.flatMap(parseName).sort(byAge);
  const newer = logs.find((log) => log.version > LOG_VERSION);
  if (newer) throw isNewer(subject, newer.version);
  const current = logs.at(-1);
  return {
    current: current && openLog(disk, folder, current, subject),
    obsolete: [
      ...logs.slice(0, -1).map(({ name }) => name),
      ...names.filter((name) => name.endsWith(UNFINISHED) && LOG.test(name.slice(0, -UNFINISHED.length))),
    ].map((name) => `${folder}/${name}`),
  };
}

/** A generation after that of every log here: lock files may have been lost, or left out of a copy of the folder. */
export function generationAfter(names: readonly string[]): number {
  return Math.max(0, ...names.flatMap(parseName).map(({ generation }) => generation)) + 1;
}

/** The path of a new log, and the path where it is written until it is complete. */
export function newLogPaths(
  folder: string,
  generation: number,
  number: number,
): { path: string; unfinished: string } {
  const path = `${folder}/log-v${LOG_VERSION}-${generation}-${number}`;
  return { path, unfinished: path + UNFINISHED };
}

function openLog(disk: Disk, folder: string, { name, generation, number }: Name, subject: string): OpenedLog {
  const path = `${folder}/${name}`;
  const file = disk.openFile(path);
  try {
    const content = scanLog(file);
    if (content.version !== undefined && content.version > LOG_VERSION)
      throw isNewer(subject, content.version);
    return { file: new LogFile(path, file, content.end), content, generation, number };
  } catch (error) {
    file.close();
    throw error;
  }
}

function parseName(name: string): Name[] {
  const [version, generation, number] = LOG.exec(name)?.slice(1).map(Number) ?? [];
  if (version === undefined || generation === undefined || number === undefined) return [];
  return [{ name, version, generation, number }];
}

function byAge(a: Name, b: Name): number {
  return a.generation - b.generation || a.number - b.number;
}

/** Whether the first name is of an older log than the second; a name that is not a log's is older than any log's. */
export function isOlder(name: string, than: string): boolean {
  const [a] = parseName(name);
  const [b] = parseName(than);
  return b !== undefined && (a === undefined || byAge(a, b) < 0);
}

function isNewer(subject: string, version: number): InstantNodeError {
  return new InstantNodeError(
    'storage',
    `Cannot open ${subject}: it has version ${version}, this package reads ${LOG_VERSION}`,
    { hint: 'Use the version of @instantdb/node that wrote it, or another storagePath' },
  );
}
