import { basename } from 'node:path';
import type { FoundNote } from '../lock/file-lock.ts';
import { isOlder, type OpenedLog } from './log-folder.ts';
import { decodeNote, type LogNote } from './log-note.ts';

/** What the last owner has said of a log, and whether that is still all of it. */
export function noteIn(found: FoundNote | undefined): LogNote | undefined {
  const note = found && decodeNote(found.text);
  return note && { ...note, mayHaveGrown: note.mayHaveGrown || !found.isLast };
}

/**
 * Why a log as a whole is not what was left, as the end of a sentence; undefined where it is, but for lines that say so
 * themselves. A batch at the end of which a part is missing is no flaw, as long as nobody has said that it was all there.
 */
export function flawOf(log: OpenedLog | undefined, note: LogNote | undefined): string | undefined {
  if (log) return formFlawOf(log) ?? (note && differenceOf(log, note));
  return note && `"${note.log}" is gone`;
}

/** A log gets its name when it is whole and on the disk: with a first line, and one that vouches for all before it. */
function formFlawOf({ content }: OpenedLog): string | undefined {
  // What is there in the place of such a line is told of by itself.
  if (content.damaged.length > 0) return undefined;
  if (content.version === undefined) return 'it does not begin as a log does';
  if (!content.isVouched) return 'it ends within what was there from its beginning on';
  return undefined;
}

function differenceOf({ file, content }: OpenedLog, note: LogNote): string | undefined {
  const name = basename(file.path);
  if (name !== note.log) {
    const isSuccessor = note.mayHaveGrown && isOlder(note.log, name);
    return isSuccessor ? undefined : `"${name}" is in the place of "${note.log}"`;
  }
  const size = file.size();
  if (size < note.length) return `it ends at byte ${size} of ${note.length}`;
  if (note.mayHaveGrown) return undefined;
  if (size > note.length) return `it has ${size} bytes, where it had ${note.length}`;
  // Damaged lines are told of, and the number may have been in one of them.
  if (content.lastBatch !== note.batch && content.damaged.length === 0)
    return `its last batch is ${content.lastBatch}, where that was ${note.batch}`;
  return undefined;
}
