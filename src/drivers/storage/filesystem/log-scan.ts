import type { DiskFile } from './disk.ts';
import { type ChangeLine, decodeLine, type Line, type Place, versionIn } from './log-line.ts';

const CHUNK = 1 << 20;
const NEWLINE = 0x0a;

/** What a log holds. */
export interface ScannedLog {
  /** The version in its first line; undefined when that is damaged. */
  readonly version: number | undefined;
  /** The line of each key's record. */
  readonly index: Map<string, Place>;
  /** Where the last whole line ends that counts. */
  readonly end: number;
  /** Whether something follows that: a batch that was not written to its end. */
  readonly torn: boolean;
  /** What cannot be used, though it was written to its end. */
  readonly damaged: readonly Place[];
  /** The number of the last batch. */
  readonly lastBatch: number;
}

/** The lines of one batch, so far. */
type Batch = { readonly line: ChangeLine; readonly place: Place }[];

/** Reads a log from its start. */
export function scanLog(file: DiskFile): ScannedLog {
  const scan = new Scan();
  let version: number | undefined;
  for (const { bytes, offset } of linesOf(file)) {
    const place: Place = { offset, length: bytes.length };
    if (offset === 0) version = versionIn(bytes);
    if (offset === 0 && version !== undefined) scan.end = bytes.length;
    else scan.take(decodeLine(bytes), place);
  }
  scan.finish();
  const { index, end, damaged, lastBatch } = scan;
  return { version, index, end, torn: file.size() > end, damaged, lastBatch };
}

/**
 * Puts lines together to batches, and what batches do to an index.
 *
 * A damaged line is either what a disk has spoiled, which costs one batch, or the remains of a write that a power
 * failure cut short, where pages reach the disk in any order. In the latter case whole batches may follow, all written
 * with the same sync that never came: they are not to count without the one before them. So what follows damage is
 * held back until a line says that it was written after what is damaged had been on the disk.
 */
class Scan {
  readonly index = new Map<string, Place>();
  readonly damaged: Place[] = [];
  end = 0;
  lastBatch = 0;
  #unfinished: Batch = [];
  /** Whole batches that follow damage; undefined as long as there is none. */
  #heldBack: Batch[] | undefined;

  take(line: Line | undefined, place: Place): void {
    if (line?.is === 'change' && this.#belongs(line)) this.#unfinished.push({ line, place });
    else this.#interrupt(line, place);
    this.#completeBatch();
  }

  /** To be called after the last line. A batch that was not written to its end remains behind `end`. */
  finish(): void {
    for (const batch of this.#heldBack ?? []) this.#spoil(batch);
  }

  #belongs(line: ChangeLine): boolean {
    return (
      line.number === this.#unfinished.length + 1 &&
      line.batch === (this.#unfinished[0]?.line.batch ?? line.batch)
    );
  }

  /** Takes a line that does not go on with the batch. */
  #interrupt(line: Line | undefined, place: Place): void {
    if (this.#unfinished.length > 0) {
      this.#spoil(this.#unfinished);
      this.#unfinished = [];
    }
    if (line?.is === 'synced') this.#vouch(line.batch, place);
    else if (line?.number === 1) this.#unfinished = [{ line, place }];
    else this.#spoil([{ place }]);
  }

  #completeBatch(): void {
    const batch = this.#unfinished;
    const first = batch[0]?.line;
    if (!first || batch.length < first.total) return;
    this.#unfinished = [];
    this.#end(batch.at(-1)?.place);
    if (first.batch === 0 || first.synced > this.lastBatch) this.#release();
    if (this.#heldBack) this.#heldBack.push(batch);
    else this.#apply(batch);
  }

  #vouch(batch: number, place: Place): void {
    this.#release();
    this.lastBatch = Math.max(this.lastBatch, batch);
    this.#end(place);
  }

  #release(): void {
    for (const batch of this.#heldBack ?? []) this.#apply(batch);
    this.#heldBack = undefined;
  }

  #apply(batch: Batch): void {
    for (const { line, place } of batch) {
      if (line.forgets) this.index.delete(line.key);
      else this.index.set(line.key, place);
      this.lastBatch = Math.max(this.lastBatch, line.batch);
    }
  }

  #spoil(lines: readonly { readonly place: Place }[]): void {
    for (const { place } of lines) this.damaged.push(place);
    this.#heldBack ??= [];
    this.#end(lines.at(-1)?.place);
  }

  #end(place: Place | undefined): void {
    if (place) this.end = Math.max(this.end, place.offset + place.length);
  }
}

/** The lines that end with a line break, each valid until the next is asked for. */
function* linesOf(file: DiskFile): Generator<{ bytes: Buffer; offset: number }> {
  const chunk = Buffer.allocUnsafe(CHUNK);
  let begun: Buffer[] = [];
  let offset = 0;
  let position = 0;
  for (;;) {
    const count = file.readSync(chunk, position);
    if (count === 0) return;
    position += count;
    let from = 0;
    for (let to = lineEnd(chunk, from, count); to > 0; to = lineEnd(chunk, from, count)) {
      const piece = chunk.subarray(from, to);
      const bytes = begun.length > 0 ? Buffer.concat([...begun, piece]) : piece;
      yield { bytes, offset };
      begun = [];
      offset += bytes.length;
      from = to;
    }
    begun.push(Buffer.from(chunk.subarray(from, count)));
  }
}

/** Behind the next line break; 0 when there is none. */
function lineEnd(chunk: Buffer, from: number, count: number): number {
  const at = chunk.subarray(0, count).indexOf(NEWLINE, from);
  return at + 1;
}
