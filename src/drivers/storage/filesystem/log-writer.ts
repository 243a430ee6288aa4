import { basename } from 'node:path';
import { InstantNodeError, isInstantNodeError, withOutcome } from '../../../errors.ts';
import type { StorageChange } from '../../contract.ts';
import type { Lock } from '../lock/file-lock.ts';
import type { Disk } from './disk.ts';
import { type Damage, damageOf, setAside } from './log-damage.ts';
import type { LogFile } from './log-file.ts';
import { noteIn } from './log-flaw.ts';
import type { LogFolder } from './log-folder.ts';
import { encodeBatch, encodeSynced } from './log-line.ts';
import { encodeNote, type LogNote } from './log-note.ts';
import { Rewriter } from './log-rewriter.ts';
import type { LogTable } from './log-table.ts';

/** What a log is written with. */
export interface LogOptions {
  readonly disk: Disk;
  /** A folder that is there, of this log alone. */
  readonly folder: string;
  /** For messages: `storage "filesystem" at "/data"`. */
  readonly subject: string;
  readonly lock: Pick<Lock, 'generation' | 'fence' | 'found' | 'loss' | 'assertHeld'>;
  /** Garbage that is not worth a new log, in bytes. Default 4 MB. */
  readonly minGarbage?: number;
  report(error: InstantNodeError): void;
  /** Tells that records are gone which were there, after that was reported. */
  emptied(): void;
}

/**
 * What is to be done before lines can be added: nothing; have on the disk what was found, as its last owner may not
 * have; or go on in another log, because it is not known what is in this one, or who else writes to it.
 */
type Trust = 'full' | 'unsynced' | 'none';

/** Adds batches to a log. Nothing may be called before what was called before has settled. */
export class LogWriter {
  readonly #options: LogOptions;
  readonly #table: LogTable;
  readonly #rewriter: Rewriter;
  #trust: Trust;
  #torn: boolean;
  #damage: Damage | undefined;
  /** What was said of the log, which is true of what is there, or of what that has come from. */
  #note: LogNote | undefined;
  #lastBatch: number;
  /** The last batch that a line in the log vouches for. */
  #vouched: number;

  constructor(options: LogOptions, table: LogTable, folder: LogFolder) {
    const { current } = folder;
    this.#options = options;
    this.#table = table;
    this.#rewriter = new Rewriter({ ...options, generation: options.lock.generation }, table, folder);
    this.#torn = current?.content.torn ?? false;
    this.#note = noteIn(options.lock.found);
    this.#damage = damageOf(current, this.#note);
    this.#lastBatch = table.synced;
    this.#vouched = table.synced;
    const mayGoOn = current && current.generation >= options.lock.fence && !this.#damage;
    this.#trust = mayGoOn ? 'unsynced' : 'none';
  }

  /** Whether the log is to be left for another at once, without a batch to be written. */
  get mustGoOver(): boolean {
    return this.#trust === 'none' && (this.#table.file !== undefined || this.#damage !== undefined);
  }

  /** Has all of the batches on the disk, one after the other, or none of them. */
  async commit(batches: readonly (readonly StorageChange[])[]): Promise<void> {
    await this.#makeReady();
    const file = this.#table.file;
    const lines = batches.flatMap((changes) => encodeBatch(++this.#lastBatch, this.#table.synced, changes));
    if (!file || lines.length === 0) return;
    await this.#write(file, lines);
    this.#options.lock.assertHeld();
    this.#table.synced = this.#lastBatch;
    for (const [index, [key, record]] of batches.flat().entries()) {
      const length = (lines[index] as Buffer).length;
      this.#table.set(key, record === null ? undefined : { offset: file.end, length });
      file.end += length;
    }
  }

  /** Does what is due between two commits; `again` is called when that is the case once more. */
  async tidy(again: () => void): Promise<void> {
    if (this.#trust !== 'full') return;
    try {
      await this.#rewriter.finish();
    } catch {
      this.#trust = 'none';
      return;
    }
    this.#rewriter.beginWhenWorthwhile(again);
  }

  /** Goes on in a new log, so that nothing is left of what was replaced or forgotten. */
  async scrub(): Promise<void> {
    await this.#makeReady();
    await this.#goOver();
  }

  /** Closes the log, and gives the note that says what is in it, where there is something to be said. */
  async close(): Promise<string | undefined> {
    await this.#rewriter.cancel();
    try {
      if (this.#table.file && this.#trust !== 'none') this.#note = await this.#end();
    } catch {
      // Nothing that was promised depends on it.
      this.#loosenNote();
    } finally {
      this.#table.file?.close();
    }
    return this.#note && encodeNote(this.#note);
  }

  /** Has a log on the disk that holds what is known, up to its last byte, with a line that vouches for that. */
  async #end(): Promise<LogNote | undefined> {
    const isAsFound = this.#trust === 'unsynced' && this.#note?.mayHaveGrown === false;
    if (isAsFound && !this.#hasLost()) return this.#note;
    await this.#makeReady();
    const { file, synced: batch } = this.#table;
    if (!file) return undefined;
    if (this.#vouched < batch) {
      await file.append(encodeSynced(batch));
      await file.sync();
    }
    return { log: basename(file.path), length: file.end, batch, mayHaveGrown: false };
  }

  async #makeReady(): Promise<void> {
    this.#assertOurs();
    if (this.#hasLost()) this.#leave();
    if (this.#trust === 'full') return;
    const file = this.#trust === 'unsynced' ? this.#table.file : undefined;
    // Until all of this has succeeded.
    this.#trust = 'none';
    if (file) await this.#settle(file);
    else await this.#goOver();
    this.#trust = 'full';
  }

  /** Nothing has been written yet, so that whoever has the lock finds none of the batches. */
  #assertOurs(): void {
    try {
      this.#options.lock.assertHeld();
    } catch (error) {
      throw isInstantNodeError(error, 'storage-locked') ? withOutcome(error, 'not-applied') : error;
    }
  }

  /** Whether somebody has taken the log away while it was open, or a part of it. */
  #hasLost(): boolean {
    const { file } = this.#table;
    return file !== undefined && (file.isRemoved() || file.size() < file.end);
  }

  #leave(): void {
    const { file } = this.#table;
    if (file && file.size() < file.end) this.#leaveCutOff(file);
    else if (this.#trust !== 'none') this.#reportRemoved();
    this.#trust = 'none';
  }

  /** What it holds can still be read, and is not lost. */
  #reportRemoved(): void {
    const message = `Found the log of ${this.#options.subject} removed: it is written anew`;
    this.#options.report(
      new InstantNodeError('storage', message, { hint: 'Let no other program touch the folder' }),
    );
  }

  #leaveCutOff(file: LogFile): void {
    const size = file.size();
    const flaw = `it was cut off at byte ${size} of ${file.end} while it was open`;
    this.#damage = { flaw, places: [{ offset: 0, length: size }], wasOpen: true };
    this.#table.cutOff(size);
  }

  /** From here on there may be more than what was said, or another log. */
  #loosenNote(): void {
    this.#note = this.#note && { ...this.#note, mayHaveGrown: true };
  }

  async #settle(file: LogFile): Promise<void> {
    this.#loosenNote();
    if (this.#torn) await file.truncate();
    this.#torn = false;
    await file.sync();
    await this.#options.disk.syncFolder(this.#options.folder);
    await this.#rewriter.removeObsolete();
  }

  async #goOver(): Promise<void> {
    const damage = this.#damage;
    if (damage) {
      const error = await setAside(damage, { ...this.#options, source: this.#table.file });
      this.#damage = undefined;
      this.#options.report(error);
    }
    this.#loosenNote();
    await this.#rewriter.rewrite();
    this.#vouched = this.#table.synced;
    if (damage?.wasOpen) this.#options.emptied();
  }

  async #write(file: LogFile, lines: readonly Buffer[]): Promise<void> {
    try {
      await file.writeBehindEnd(Buffer.concat(lines));
    } catch (cause) {
      await this.#undo(file);
      throw cause;
    }
    try {
      await file.sync();
    } catch (cause) {
      await this.#undo(file);
      // Which of its pages are on the disk is not known after this, and another sync would not tell.
      this.#trust = 'none';
      throw cause;
    }
  }

  /** What was refused must not be read back. */
  async #undo(file: LogFile): Promise<void> {
    this.#trust = 'none';
    try {
      await file.truncate();
      await file.sync();
      this.#trust = 'full';
    } catch {
      // The log that follows does not have it.
    }
  }
}
