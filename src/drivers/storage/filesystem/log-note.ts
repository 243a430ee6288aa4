/** What an owner says of its log when it lets go, for the next one to compare. */
export interface LogNote {
  /** The name of its file. */
  readonly log: string;
  /** Of the file, in bytes. */
  readonly length: number;
  /** The number of the last batch in it. */
  readonly batch: number;
  /** Whether it has become more since, or another log: whoever says so could not tell. */
  readonly mayHaveGrown: boolean;
}

/** A note as a line of text. */
export function encodeNote(note: LogNote): string {
  return JSON.stringify(note);
}

/** What a line says; undefined when it is no note, or damaged. */
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
