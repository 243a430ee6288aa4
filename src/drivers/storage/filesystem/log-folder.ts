import { InstantNodeError } from '../../../errors.ts';
import type { Disk } from './disk.ts';
import { LogFile } from './log-file.ts';
import { type ScannedLog, scanLog } from './log-scan.ts';

// `log-v<version of the format>-<generation of the lock>-<number>`. The highest counts. A new one is written under
// another name, and gets this one when it is whole and on the disk, so the highest is always whole.
const LOG = /^log-v(\d+)-(\d+)-(\d+)$/;
const UNFINISHED = '.new';

/** Of files, and of the lines in them. */
export const LOG_VERSION = 1;

/** A log that was opened, with what it holds. */
export interface OpenedLog {
  readonly file: LogFile;
  readonly content: ScannedLog;
  /** Of the lock whose owner began it. */
  readonly generation: number;
  /** Which of that owner's it is. */
  readonly number: number;
}

/** What a folder of logs holds. */
export interface LogFolder {
  /** The log that counts. */
  readonly current: OpenedLog | undefined;
  /** Logs that do not count any more, and such as never did. */
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
 * @throws {InstantNodeError} `storage` when a later version of this package has written it; nothing is changed.
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

/** A generation in which no log was begun: locks may have been lost, or left out of a copy of the folder. */
export function generationAfter(names: readonly string[]): number {
  return Math.max(0, ...names.flatMap(parseName).map(({ generation }) => generation)) + 1;
}

/** Where a log is to be, and where it is written before. */
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

/** Whether the log of the first name is older than that of the second; what is no name of a log is older than any. */
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
