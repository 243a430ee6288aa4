import type { Disk } from './disk.ts';
import { type LogFolder, newLogPaths } from './log-folder.ts';
import { Rewrite } from './log-rewrite.ts';
import type { LogTable } from './log-table.ts';

const MIN_GARBAGE = 1 << 22;

/** A log that is being written, and the name that it will get. */
interface Begun {
  readonly work: Rewrite;
  readonly path: string;
  readonly unfinished: string;
}

/** A log that is being written in the background. `copied` never rejects. */
interface Background extends Begun {
  readonly copied: Promise<void>;
  outcome: 'copying' | 'copied' | 'failed';
}

/** Replaces the log: when it is mostly garbage, or can no longer be appended to. */
export class Rewriter {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #generation: number;
  readonly #table: LogTable;
  #obsolete: string[];
  #nextNumber: number;
  readonly #leastGarbage: number;
  #minGarbage: number;
  #background: Background | undefined;

  constructor(
    options: { disk: Disk; folder: string; generation: number; minGarbage?: number | undefined },
    table: LogTable,
    { current, obsolete }: LogFolder,
  ) {
    this.#disk = options.disk;
    this.#folder = options.folder;
    // No earlier than the current log's, even if lock files were lost.
    this.#generation = Math.max(options.generation, current?.generation ?? 0);
    this.#nextNumber = current?.generation === this.#generation ? current.number + 1 : 0;
    this.#leastGarbage = options.minGarbage ?? MIN_GARBAGE;
    this.#minGarbage = this.#leastGarbage;
    this.#table = table;
    this.#obsolete = [...obsolete];
  }

  /**
   * Starts to rewrite the log in the background, if that is worthwhile; `ready` is called when `finish` has something
   * to do.
   */
  beginWhenWorthwhile(ready: () => void): void {
    const { living, garbage } = this.#table.size;
    if (this.#background || garbage <= living || garbage <= this.#minGarbage) return;
    try {
      const begun = this.#begin();
      const background: Background = {
        ...begun,
        outcome: 'copying',
        copied: begun.work.copy().then(
          () => {
            background.outcome = 'copied';
            ready();
          },
          () => {
            background.outcome = 'failed';
            ready();
          },
        ),
      };
      this.#background = background;
    } catch {
      this.#postpone();
    }
  }

  /**
   * Switches to the log that was written in the background, if it is complete. If that fails, the old one stays in use.
   * Rejects when it is unknown which of the two another process would find: then the old one must not be used either.
   */
  async finish(): Promise<void> {
    const background = this.#background;
    if (!background || background.outcome === 'copying') return;
    this.#background = undefined;
    try {
      if (background.outcome === 'failed') throw new Error('It could not be copied');
      await background.work.finish(this.#table.synced);
    } catch {
      this.#postpone();
      return this.#discard(background);
    }
    await this.#goOver(background);
  }

  /** Rewrites the log and switches to it, while nothing else is written. */
  async rewrite(): Promise<void> {
    await this.cancel();
    const begun = this.#begin();
    try {
      await begun.work.copy();
      await begun.work.finish(this.#table.synced);
    } catch (error) {
      await this.#discard(begun);
      throw error;
    }
    await this.#goOver(begun);
  }

  /** Ends the rewrite in the background. */
  async cancel(): Promise<void> {
    const background = this.#background;
    if (!background) return;
    background.work.cancel();
    await background.copied;
    this.#background = undefined;
    await this.#discard(background);
  }

  /** Removes obsolete logs. The current one must be on disk, including its name. */
  async removeObsolete(): Promise<void> {
    const paths = this.#obsolete;
    this.#obsolete = [];
    for (const path of paths) await this.#remove(path);
  }

  #begin(): Begun {
    const paths = newLogPaths(this.#folder, this.#generation, this.#nextNumber);
    const work = new Rewrite(this.#disk, paths.unfinished, this.#table.file, this.#table.places());
    this.#nextNumber++;
    return { work, ...paths };
  }

  async #goOver({ work, path, unfinished }: Begun): Promise<void> {
    try {
      await this.#disk.rename(unfinished, path);
      await this.#disk.syncFolder(this.#folder);
    } catch (error) {
      work.target.close();
      this.#obsolete.push(unfinished, path);
      throw error;
    }
    if (this.#table.file) this.#obsolete.push(this.#table.file.path);
    work.target.path = path;
    this.#table.goOver(work.target, (places) => work.turn(places));
    this.#minGarbage = this.#leastGarbage;
    await this.removeObsolete();
  }

  async #discard({ work, unfinished }: Begun): Promise<void> {
    work.target.close();
    await this.#remove(unfinished);
  }

  /** A file that cannot be removed does no harm, and is tried again when the folder is next opened. */
  async #remove(path: string): Promise<void> {
    await this.#disk.remove(path).catch(() => {});
  }

  /** Waits until there is twice as much garbage: the disk may have room by then. */
  #postpone(): void {
    this.#minGarbage = 2 * this.#table.size.garbage;
  }
}
