import type { DiskFile } from './disk.ts';
import type { Place } from './log-line.ts';

/** A log on the disk: whole lines up to `end`. */
export class LogFile {
  path: string;
  /** Where the next line goes. */
  end: number;
  readonly #file: DiskFile;
  #readers = 0;
  #isClosing = false;

  constructor(path: string, file: DiskFile, end: number) {
    this.path = path;
    this.#file = file;
    this.end = end;
  }

  /** The bytes at a place, which it must have all. */
  async read({ offset, length }: Readonly<Place>): Promise<Buffer> {
    if (this.#isClosing) throw new Error('The file is closed');
    const bytes = Buffer.allocUnsafe(length);
    this.#readers++;
    try {
      for (let done = 0; done < length; ) {
        const count = await this.#file.read(bytes.subarray(done), offset + done);
        if (count === 0) throw new Error(`The file ends at ${offset + done}, within what is to be read`);
        done += count;
      }
    } finally {
      this.#readers--;
      this.#closeWhenUnused();
    }
    return bytes;
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
