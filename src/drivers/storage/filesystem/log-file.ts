import { adjacentPlaces } from './adjacent-places.ts';
import type { DiskFile } from './disk.ts';
import type { Place } from './log-line.ts';

/** What is read together at most, and what may lie between two places for it. */
const TOGETHER = { most: 1 << 20, gap: 1 << 14 };

/** A place that somebody waits for. */
interface Asked extends Place {
  resolve(bytes: Buffer): void;
  reject(error: unknown): void;
}

/** A log on the disk: whole lines up to `end`. */
export class LogFile {
  path: string;
  /** Where the next line goes. */
  end: number;
  readonly #file: DiskFile;
  #readers = 0;
  #isClosing = false;
  #asked: Asked[] = [];

  constructor(path: string, file: DiskFile, end: number) {
    this.path = path;
    this.#file = file;
    this.end = end;
  }

  /** The bytes at a place, which it must have all. */
  async read(place: Readonly<Place>): Promise<Buffer> {
    this.#beginReading();
    try {
      return await this.#bytesAt(place);
    } finally {
      this.#endReading();
    }
  }

  /** The same, read together with what else is asked for in this turn: a call takes longer than what it reads. */
  async readTogether({ offset, length }: Readonly<Place>): Promise<Buffer> {
    this.#beginReading();
    if (this.#asked.length === 0) void Promise.resolve().then(() => this.#readAsked());
    const bytes = new Promise<Buffer>((resolve, reject) => {
      this.#asked.push({ offset, length, resolve, reject });
    });
    return bytes.finally(() => this.#endReading());
  }

  async #readAsked(): Promise<void> {
    const asked = this.#asked.sort((a, b) => a.offset - b.offset);
    this.#asked = [];
    for (const run of adjacentPlaces(asked, TOGETHER)) await this.#readRun(run);
  }

  async #readRun(run: readonly [Asked, ...Asked[]]): Promise<void> {
    const { offset } = run[0];
    const last = run.at(-1) as Asked;
    try {
      const bytes = await this.#bytesAt({ offset, length: last.offset + last.length - offset });
      for (const it of run) it.resolve(bytes.subarray(it.offset - offset, it.offset - offset + it.length));
    } catch (error) {
      // What cannot be read must not cost what stands beside it.
      if (run.length > 1) for (const it of run) await this.#readRun([it]);
      else run[0].reject(error);
    }
  }

  async #bytesAt({ offset, length }: Readonly<Place>): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      const count = await this.#file.read(bytes.subarray(done), offset + done);
      if (count === 0) throw new Error(`The file ends at ${offset + done}, within what is to be read`);
      done += count;
    }
    return bytes;
  }

  #beginReading(): void {
    if (this.#isClosing) throw new Error('The file is closed');
    this.#readers++;
  }

  #endReading(): void {
    this.#readers--;
    this.#closeWhenUnused();
  }

  /** Writes all of `bytes` behind the end, which stays where it is. */
  async writeBehindEnd(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const count = await this.#file.write(bytes.subarray(done), this.end + done);
      if (count === 0) throw new Error('The file takes no more bytes');
      done += count;
    }
  }

  /** Writes all of `bytes` and moves the end behind them. */
  async append(bytes: Uint8Array): Promise<void> {
    await this.writeBehindEnd(bytes);
    this.end += bytes.length;
  }

  /** Cuts off what is behind the end. */
  truncate(): Promise<void> {
    return this.#file.truncate(this.end);
  }

  isRemoved(): boolean {
    return this.#file.isRemoved();
  }

  /** How many bytes there are, with what is behind the end. */
  size(): number {
    return this.#file.size();
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  /** Closes the file once those that read it have finished. Repeatable. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#closeWhenUnused();
  }

  #closeWhenUnused(): void {
    if (this.#isClosing && this.#readers === 0) this.#file.close();
  }
}
