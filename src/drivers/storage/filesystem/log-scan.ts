import type { DiskFile } from './disk.ts';
import { type ChangeLine, decodeLine, type Line, type Place, versionIn } from './log-line.ts';

const CHUNK = 1 << 20;
const NEWLINE = 0x0a;

/** The content of a log. */
export interface ScannedLog {
  /** The version in its first line; undefined when that is damaged. */
  readonly version: number | undefined;
  /** Where each key's record is. */
  readonly index: Map<string, Place>;
  /** The end of the last complete line that counts. */
  readonly end: number;
  /** Whether an incomplete batch follows. */
  readonly torn: boolean;
  /** Lines that were written completely, and still cannot be used. */
  readonly damaged: readonly Place[];
  /** The number of the last batch. */
  readonly lastBatch: number;
  /** Whether some line vouches for others, as in every log that was written to its end. */
  readonly isVouched: boolean;
}

/** Lines of one batch. */
type Batch = { readonly line: ChangeLine; readonly place: Place }[];

/** A batch whose last line has not come yet. */
interface Begun {
  readonly lines: Batch;
  /** Whether there are damaged lines among or before its own. */
  isBroken: boolean;
}

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
  const { index, end, damaged, lastBatch, isVouched } = scan;
  return { version, index, end, torn: file.size() > end, damaged, lastBatch, isVouched };
}

/**
 * Assembles lines into batches, and applies these to an index.
 *
 * A damaged line is either a disk error, which costs that line alone, or the remains of a write that a power failure
 * cut short, in which pages reach the disk in any order. In the latter case complete batches may follow, written with
 * the same sync that never happened, and they must not count without the one before them. So whatever follows damage,
 * and the rest of the damaged batch, is held back until a later line says that it was written after all of that was on
 * disk.
 */
class Scan {
  readonly index = new Map<string, Place>();
  readonly damaged: Place[] = [];
  end = 0;
  lastBatch = 0;
  isVouched = false;
  #begun: Begun | undefined;
  /** Batches that are damaged or follow damage; undefined while there is no damage. */
  #heldBack: Batch[] | undefined;

  take(line: Line | undefined, place: Place): void {
    if (line?.is === 'change') this.#takeChange(line, place);
    else if (line) {
      this.#interrupt();
      this.#vouch(line.batch, place);
    } else {
      this.#spoil([{ place }]);
      this.#begun = { lines: this.#begun?.lines ?? [], isBroken: true };
    }
  }

  /** Call it after the last line. An incomplete batch remains after `end`. */
  finish(): void {
    if (this.#begun?.isBroken) this.#holdBack(this.#begun.lines);
    for (const batch of this.#heldBack ?? []) this.#spoil(batch);
    this.damaged.sort((a, b) => a.offset - b.offset);
  }

  #takeChange(line: ChangeLine, place: Place): void {
    if (!this.#belongs(line)) this.#interrupt();
    if (!this.#begun && line.number > 1) {
      this.#spoil([{ place }]);
      return;
    }
    this.#begun ??= { lines: [], isBroken: false };
    this.#begun.lines.push({ line, place });
    if (line.number === line.total) this.#completeBatch(this.#begun);
  }

  #belongs(line: ChangeLine): boolean {
    if (!this.#begun) return false;
    const { lines, isBroken } = this.#begun;
    const last = lines.at(-1)?.line;
    if (last && last.batch !== line.batch) return false;
    const number = last?.number ?? 0;
    return isBroken ? line.number > number + (last ? 0 : 1) : line.number === number + 1;
  }

  /** Ends a batch that gets no more lines. */
  #interrupt(): void {
    const begun = this.#begun;
    this.#begun = undefined;
    if (begun?.isBroken) this.#holdBack(begun.lines);
    else if (begun) this.#spoil(begun.lines);
  }

  #completeBatch({ lines, isBroken }: Begun): void {
    this.#begun = undefined;
    this.#end(lines.at(-1)?.place);
    const first = lines[0]?.line;
    if (isBroken || !first) {
      this.#holdBack(lines);
      return;
    }
    if (first.batch === 0 || first.synced > this.lastBatch) this.#release();
    if (this.#heldBack) this.#heldBack.push(lines);
    else this.#apply(lines);
  }

  #holdBack(lines: Batch): void {
    this.#heldBack ??= [];
    if (lines.length > 0) this.#heldBack.push(lines);
  }

  #vouch(batch: number, place: Place): void {
    this.#release();
    this.isVouched = true;
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

/**
 * The complete lines, each valid until the next is requested. The last one may have a wrong byte in place of its line
 * break: everything before that byte is intact, so the write was not cut short there.
 */
function* linesOf(file: DiskFile): Generator<{ bytes: Buffer; offset: number }> {
  const chunk = Buffer.allocUnsafe(CHUNK);
  let begun: Buffer[] = [];
  let offset = 0;
  let position = 0;
  for (;;) {
    const count = file.readSync(chunk, position);
    if (count === 0) break;
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
  const rest = Buffer.concat(begun);
  if (decodeLine(rest.subarray(0, -1))) yield { bytes: rest, offset };
}

/** The index after the next line break; 0 when there is none. */
function lineEnd(chunk: Buffer, from: number, count: number): number {
  const at = chunk.subarray(0, count).indexOf(NEWLINE, from);
  return at + 1;
}
