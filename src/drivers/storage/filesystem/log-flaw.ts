import { basename } from 'node:path';
import type { FoundNote } from '../lock/file-lock.ts';
import { isOlder, type OpenedLog } from './log-folder.ts';
import { decodeNote, type LogNote } from './log-note.ts';

/** The last owner's note on its log. Unless the owner left it on release, the log may have grown since. */
export function noteIn(found: FoundNote | undefined): LogNote | undefined {
  const note = found && decodeNote(found.text);
  return note && { ...note, mayHaveGrown: note.mayHaveGrown || !found.isLast };
}

/**
 * How a log as a whole differs from what was left, as the end of a sentence; undefined if it does not, damaged lines
 * aside, which their checksums reveal. An incomplete batch at the end is not a flaw, unless a note says that it was
 * complete.
 */
export function flawOf(log: OpenedLog | undefined, note: LogNote | undefined): string | undefined {
  if (log) return formFlawOf(log) ?? (note && differenceOf(log, note));
  return note && `"${note.log}" is gone`;
}

/** A log gets its name once it is complete and on disk: with a header, and a line that vouches for all before it. */
function formFlawOf({ content }: OpenedLog): string | undefined {
  // Damage in place of such a line is reported as a damaged line.
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
  // Damaged lines are reported anyway, and the last batch's number may have been in one of them.
  if (content.lastBatch !== note.batch && content.damaged.length === 0)
    return `its last batch is ${content.lastBatch}, where that was ${note.batch}`;
  return undefined;
}
