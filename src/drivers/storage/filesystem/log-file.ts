import { adjacentPlaces } from './adjacent-places.ts';
import type { DiskFile } from './disk.ts';
import type { Place } from './log-line.ts';

/** The most to read at once, and the largest gap between two places of one read. */
const TOGETHER = { most: 1 << 20, gap: 1 << 14 };

/** A pending read. */
interface Asked extends Place {
  resolve(bytes: Buffer): void;
  reject(error: unknown): void;
}

/** A log on disk: complete lines up to `end`. */
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

  /** The bytes at a place. Rejects when the file ends before it does. */
  async read(place: Readonly<Place>): Promise<Buffer> {
    this.#beginReading();
    try {
      return await this.#bytesAt(place);
    } finally {
      this.#endReading();
    }
  }

  /** The same, but combined with the other reads of this turn: a call costs more than the bytes it reads. */
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
      // An unreadable place must not fail its neighbors.
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

  /** Writes all of `bytes` after the end, without moving it. */
  async writeBehindEnd(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const count = await this.#file.write(bytes.subarray(done), this.end + done);
      if (count === 0) throw new Error('The file takes no more bytes');
      done += count;
    }
  }

  /** Writes all of `bytes` after the end, and moves the end behind them. */
  async append(bytes: Uint8Array): Promise<void> {
    await this.writeBehindEnd(bytes);
    this.end += bytes.length;
  }

  /** Truncates the file at the end of the log. */
  truncate(): Promise<void> {
    return this.#file.truncate(this.end);
  }

  isRemoved(): boolean {
    return this.#file.isRemoved();
  }

  /** The size of the file, including any bytes after the end. */
  size(): number {
    return this.#file.size();
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  /** Closes the file once pending reads have finished. Repeatable. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#closeWhenUnused();
  }

  #closeWhenUnused(): void {
    if (this.#isClosing && this.#readers === 0) this.#file.close();
  }
}
