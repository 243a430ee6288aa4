import type { LogFile } from './log-file.ts';
import type { OpenedLog } from './log-folder.ts';
import { type Place, recordIn } from './log-line.ts';

/** Where each record of a log is. */
export class LogTable {
  /** The log; undefined before there is one. */
  file: LogFile | undefined;
  /** The number of the last batch that is on the disk. */
  synced: number;
  readonly #index: Map<string, Place>;
  #living = 0;

  constructor(log: OpenedLog | undefined) {
    this.file = log?.file;
    this.synced = log?.content.lastBatch ?? 0;
    this.#index = log?.content.index ?? new Map();
    this.#measure();
  }

  /** How many bytes of the log are lines that hold a record, and how many are of no use any more. */
  get size(): { living: number; garbage: number } {
    return { living: this.#living, garbage: (this.file?.end ?? 0) - this.#living };
  }

  keys(): string[] {
    return [...this.#index.keys()];
  }

  /** All places, each of which is turned into a new one when the log is written anew. */
  places(): Iterable<Place> {
    return this.#index.values();
  }

  async read(key: string): Promise<string | null> {
    const place = this.#index.get(key);
    if (!place || !this.file) return null;
    // A copy: the log may be written anew meanwhile.
    const record = recordIn(await this.file.readTogether(place), key);
    if (record === undefined) throw new Error('The record is damaged');
    return record;
  }

  set(key: string, place: Place | undefined): void {
    this.#living += (place?.length ?? 0) - (this.#index.get(key)?.length ?? 0);
    if (place) this.#index.set(key, place);
    else this.#index.delete(key);
  }

  /** Forgets what was behind `end` of a log that was cut off there. */
  cutOff(end: number): void {
    for (const [key, place] of this.#index) if (place.offset + place.length > end) this.#index.delete(key);
    if (this.file) this.file.end = end;
    this.#measure();
  }

  /** Goes over to a log that was written anew; `move` turns the places. */
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
