/** What an owner says about its log when it releases it, for the next owner to check. */
export interface LogNote {
  /** The name of its file. */
  readonly log: string;
  /** The size of the file, in bytes. */
  readonly length: number;
  /** The number of the last batch in it. */
  readonly batch: number;
  /** Whether the log may have grown since, or been replaced: its author could not rule that out. */
  readonly mayHaveGrown: boolean;
}

/** A note as a line of text. */
export function encodeNote(note: LogNote): string {
  return JSON.stringify(note);
}

/** Parses a note; undefined when the text is not one, or is damaged. */
export function decodeNote(text: string): LogNote | undefined {
  let note: Partial<Record<keyof LogNote, unknown>> | null;
  try {
    note = JSON.parse(text) as typeof note;
  } catch {
    return undefined;
  }
  const { log, length, batch, mayHaveGrown } = note ?? {};
  if (typeof log !== 'string' || typeof length !== 'number' || typeof batch !== 'number') return undefined;
  return { log, length, batch, mayHaveGrown: mayHaveGrown !== false };
}
