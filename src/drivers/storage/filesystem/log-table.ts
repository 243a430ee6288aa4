import type { LogFile } from './log-file.ts';
import type { OpenedLog } from './log-folder.ts';
import { type Place, recordIn } from './log-line.ts';

/** The location of each record in a log. */
export class LogTable {
  /** The log; undefined before there is one. */
  file: LogFile | undefined;
  /** The number of the last batch that is on disk. */
  synced: number;
  readonly #index: Map<string, Place>;
  #living = 0;

  constructor(log: OpenedLog | undefined) {
    this.file = log?.file;
    this.synced = log?.content.lastBatch ?? 0;
    this.#index = log?.content.index ?? new Map();
    this.#measure();
  }

  /** How many bytes of the log are lines with a current record, and how many are garbage. */
  get size(): { living: number; garbage: number } {
    return { living: this.#living, garbage: (this.file?.end ?? 0) - this.#living };
  }

  keys(): string[] {
    return [...this.#index.keys()];
  }

  /** All places. A rewrite of the log updates each of them in place. */
  places(): Iterable<Place> {
    return this.#index.values();
  }

  async read(key: string): Promise<string | null> {
    const place = this.#index.get(key);
    if (!place || !this.file) return null;
    // `readTogether` copies the place, which a rewrite of the log may change meanwhile.
    const record = recordIn(await this.file.readTogether(place), key);
    if (record === undefined) throw new Error('The record is damaged');
    return record;
  }

  set(key: string, place: Place | undefined): void {
    this.#living += (place?.length ?? 0) - (this.#index.get(key)?.length ?? 0);
    if (place) this.#index.set(key, place);
    else this.#index.delete(key);
  }

  /** Drops what was after `end` in a log that was truncated there. */
  cutOff(end: number): void {
    for (const [key, place] of this.#index) if (place.offset + place.length > end) this.#index.delete(key);
    if (this.file) this.file.end = end;
    this.#measure();
  }

  /** Switches to a rewritten log; `move` updates the places. */
  goOver(file: LogFile, move: (places: Iterable<Place>) => void): void {
    move(this.places());
    this.file?.close();
    this.file = file;
    this.#measure();
  }

  #measure(): void {
    this.#living = 0;
    for (const { length } of this.#index.values()) this.#living += length;
  }
}
