import { InstantNodeError } from '../../../errors.ts';
import type { Disk } from './disk.ts';
import { LogFile } from './log-file.ts';
import type { Place } from './log-line.ts';

/** Where damaged lines come from, and where they go. */
export interface SetAside {
  readonly disk: Disk;
  readonly folder: string;
  readonly source: LogFile;
  /** For messages. */
  readonly subject: string;
}

/** Copies damaged lines into a file of their own, has that on the disk, and gives the error that tells of it. */
export async function setAside(places: readonly Place[], from: SetAside): Promise<InstantNodeError> {
  const { disk, folder, source, subject } = from;
  const path = `${folder}/${freeName(disk.list(folder))}`;
  const target = new LogFile(path, disk.createFile(path), 0);
  try {
    for (const place of places) await target.append(await source.read(place));
    await target.sync();
    await disk.syncFolder(folder);
  } catch (error) {
    await disk.remove(path).catch(() => {});
    throw error;
  } finally {
    target.close();
  }
  return new InstantNodeError(
    'storage',
    `Found ${places.length} damaged lines in ${subject}: they are set aside in "${path}", and the rest goes on`,
    { hint: 'Check the disk. What the lines held is lost to the database, unless the server has it' },
  );
}

function freeName(taken: readonly string[]): string {
  for (let number = 1; ; number++) {
    const name = `damaged-${number}`;
    if (!taken.includes(name)) return name;
  }
}
