import { InstantNodeError } from '../../../errors.ts';
import type { Disk } from './disk.ts';
import { LogFile } from './log-file.ts';
import { flawOf } from './log-flaw.ts';
import type { OpenedLog } from './log-folder.ts';
import type { Place } from './log-line.ts';
import type { LogNote } from './log-note.ts';

/** How much is copied at a time. */
const PIECE = 1 << 20;

/** Damage found in a log. */
export interface Damage {
  /** What is wrong with the log as a whole; undefined when only some lines are damaged. */
  readonly flaw?: string | undefined;
  /** What to set aside: the damaged lines, or everything that is left. */
  readonly places: readonly Readonly<Place>[];
  /** Whether it happened while this process had the log open. */
  readonly wasOpen?: boolean;
}

/** The damage in a log that was opened; undefined when there is none. */
export function damageOf(log: OpenedLog | undefined, note: LogNote | undefined): Damage | undefined {
  const flaw = flawOf(log, note);
  if (flaw !== undefined) return { flaw, places: log ? [{ offset: 0, length: log.file.size() }] : [] };
  const places = log?.content.damaged ?? [];
  return places.length > 0 ? { places } : undefined;
}

/** Where the damaged bytes are, and where their copy goes. */
export interface SetAside {
  readonly disk: Disk;
  readonly folder: string;
  /** Undefined when nothing is left. */
  readonly source: LogFile | undefined;
  /** For messages. */
  readonly subject: string;
}

/** Copies the damaged bytes into a file of their own, syncs it, and returns the error that reports it. */
export async function setAside({ flaw, places }: Damage, from: SetAside): Promise<InstantNodeError> {
  const { source, subject } = from;
  const left = places.flatMap(piecesOf);
  const aside = source && left.length > 0 ? `"${await copy(left, source, from)}"` : undefined;
  const hint = 'Check the disk. What is missing is lost to the database, unless the server has it';
  const message =
    flaw === undefined
      ? `Found ${places.length} damaged lines in ${subject}: they are set aside in ${aside}, and the rest goes on`
      : `Found the log of ${subject} damaged, ${flaw}: ${aside ? `what is left is set aside in ${aside}, and what can be read of it goes on` : 'nothing is left of it'}`;
  return new InstantNodeError('storage', message, { hint });
}

async function copy(
  places: readonly Place[],
  source: LogFile,
  { disk, folder }: Pick<SetAside, 'disk' | 'folder'>,
): Promise<string> {
  const path = `${folder}/${freeName(disk.list(folder))}`;
  const target = new LogFile(path, disk.createFile(path), 0);
  try {
    for (const place of places) await target.append(await source.read(place));
    await target.sync();
    await disk.syncFolder(folder);
    return path;
  } catch (error) {
    await disk.remove(path).catch(() => {});
    throw error;
  } finally {
    target.close();
  }
}

function piecesOf({ offset, length }: Readonly<Place>): Place[] {
  const count = Math.ceil(length / PIECE);
  return Array.from({ length: count }, (_, n) => ({
    offset: offset + n * PIECE,
    length: Math.min(PIECE, length - n * PIECE),
  }));
}

function freeName(taken: readonly string[]): string {
  for (let number = 1; ; number++) {
    const name = `damaged-${number}`;
    if (!taken.includes(name)) return name;
  }
}
