import type { Disk } from './disk.ts';
import { type LogFolder, newLogPaths } from './log-folder.ts';
import { Rewrite } from './log-rewrite.ts';
import type { LogTable } from './log-table.ts';

const MIN_GARBAGE = 1 << 22;

/** A log that is being written, and what it will be called. */
interface Begun {
  readonly work: Rewrite;
  readonly path: string;
  readonly unfinished: string;
}

/** A log that is being written beside the writers. `copied` never rejects. */
interface Background extends Begun {
  readonly copied: Promise<void>;
  outcome: 'copying' | 'copied' | 'failed';
}

/** Puts a new log in the place of one: of one that is mostly garbage, or one that cannot be gone on with. */
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
    // Later than the one that is there, whatever became of the locks.
    this.#generation = Math.max(options.generation, current?.generation ?? 0);
    this.#nextNumber = current?.generation === this.#generation ? current.number + 1 : 0;
    this.#leastGarbage = options.minGarbage ?? MIN_GARBAGE;
    this.#minGarbage = this.#leastGarbage;
    this.#table = table;
    this.#obsolete = [...obsolete];
  }

  /** Begins to write the log anew beside the writers, if that is worth it; `ready` is called when `finish` has something to do. */
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
   * Goes over to the log that was written beside the writers, if it is there. Where that fails the old one goes on.
   * Rejects when it is not known which of the two another process would find: the old one may not go on then.
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

  /** Writes the log anew and goes over to it, while nobody writes. */
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

  /** Ends what is done beside the writers. */
  async cancel(): Promise<void> {
    const background = this.#background;
    if (!background) return;
    background.work.cancel();
    await background.copied;
    this.#background = undefined;
    await this.#discard(background);
  }

  /** Removes logs that do not count any more. The one that does must be on the disk, its name too. */
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

  /** What cannot be removed is in nobody's way, and tried again by whoever opens the folder next. */
  async #remove(path: string): Promise<void> {
    await this.#disk.remove(path).catch(() => {});
  }

  /** Tries again when there is twice the garbage: there may be room on the disk then. */
  #postpone(): void {
    this.#minGarbage = 2 * this.#table.size.garbage;
  }
}
