import { adjacentPlaces } from './adjacent-places.ts';
import type { Disk } from './disk.ts';
import { LogFile } from './log-file.ts';
import { LOG_VERSION } from './log-folder.ts';
import { encodeHeader, encodeSynced, movedLine, type Place } from './log-line.ts';

/** How much is read and written at a time. */
const PIECE = 1 << 20;
/** How much may be left to copy while writers wait. */
const LAST_PIECE = 1 << 16;

/**
 * Writes a new log with the live records of another, which is still written to meanwhile: first the live records, then,
 * unchanged, the lines that were added since.
 */
export class Rewrite {
  readonly target: LogFile;
  readonly #source: LogFile | undefined;
  readonly #places: Place[];
  readonly #moved: Place[] = [];
  /** Where the source ended when this began. */
  readonly #from: number;
  /** How far the source's lines have been copied. */
  #copied: number;
  /** The offset in the target of a line copied unchanged, minus its offset in the source. */
  #shift = 0;
  #isCancelled = false;

  constructor(disk: Disk, path: string, source: LogFile | undefined, places: Iterable<Place>) {
    this.#source = source;
    this.#places = [...places].sort((a, b) => a.offset - b.offset);
    this.#from = source?.end ?? 0;
    this.#copied = this.#from;
    this.target = new LogFile(path, disk.createFile(path), 0);
  }

  /** Copies until little is left. */
  async copy(): Promise<void> {
    await this.target.append(encodeHeader(LOG_VERSION));
    for (const run of adjacentPlaces(this.#places, { most: PIECE })) await this.#move(run);
    this.#shift = this.target.end - this.#from;
    // Stop when the rest no longer halves: a writer as fast as this copy would never be caught up with.
    for (
      let before = Number.POSITIVE_INFINITY, left = this.#remaining();
      left > LAST_PIECE && left < before / 2;
    ) {
      await this.#follow();
      before = left;
      left = this.#remaining();
    }
  }

  /** Copies the rest, up to batch `synced`, and syncs all of it. The source must not be written to any more. */
  async finish(synced: number): Promise<void> {
    await this.#follow();
    await this.target.append(encodeSynced(synced));
    await this.target.sync();
  }

  /** Updates places in the source to the same records' places in the target. */
  turn(places: Iterable<Place>): void {
    for (const place of places) if (place.offset >= this.#from) place.offset += this.#shift;
    for (const [at, place] of this.#places.entries()) Object.assign(place, this.#moved[at]);
  }

  /** Makes `copy` reject soon. */
  cancel(): void {
    this.#isCancelled = true;
  }

  #remaining(): number {
    return (this.#source?.end ?? 0) - this.#copied;
  }

  async #move(run: readonly Place[]): Promise<void> {
    const [first, last] = [run[0], run.at(-1)];
    if (!this.#source || !first || !last) return;
    this.#checkCancelled();
    const bytes = await this.#source.read({
      offset: first.offset,
      length: last.offset + last.length - first.offset,
    });
    const lines = run.map(({ offset, length }) =>
      movedLine(bytes.subarray(offset - first.offset, offset - first.offset + length)),
    );
    let offset = this.target.end;
    for (const { length } of lines) {
      this.#moved.push({ offset, length });
      offset += length;
    }
    await this.target.append(Buffer.concat(lines));
  }

  /** Copies the lines that the source has now. */
  async #follow(): Promise<void> {
    const source = this.#source;
    if (!source) return;
    for (const end = source.end; this.#copied < end; ) {
      this.#checkCancelled();
      const length = Math.min(end - this.#copied, PIECE);
      await this.target.append(await source.read({ offset: this.#copied, length }));
      this.#copied += length;
    }
  }

  #checkCancelled(): void {
    if (this.#isCancelled) throw new Error('The log was closed while it was written anew');
  }
}
