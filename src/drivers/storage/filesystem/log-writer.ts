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

/** What the log needs to be written. */
export interface LogOptions {
  readonly disk: Disk;
  /** An existing folder for this log alone. */
  readonly folder: string;
  /** For messages: `storage "filesystem" at "/data"`. */
  readonly subject: string;
  readonly lock: Pick<Lock, 'generation' | 'fence' | 'found' | 'loss' | 'assertHeld'>;
  /** The garbage, in bytes, up to which the log is not rewritten. Default 4 MB. */
  readonly minGarbage?: number;
  report(error: InstantNodeError): void;
  /** Records that existed are gone. Called after that was reported. */
  emptied(): void;
}

/**
 * What must happen before lines can be added: nothing; syncing what was found, as its last owner may not have done so;
 * or switching to another log, because it is unknown what is in this one, or who else writes to it.
 */
type Trust = 'full' | 'unsynced' | 'none';

/** Appends batches to a log. Each call must have settled before the next one is made. */
export class LogWriter {
  readonly #options: LogOptions;
  readonly #table: LogTable;
  readonly #rewriter: Rewriter;
  #trust: Trust;
  #torn: boolean;
  #damage: Damage | undefined;
  /** The last note about the log; it describes the current state, or one that the current state came from. */
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

  /** Whether the log must be replaced at once, even if nothing is to be written. */
  get mustGoOver(): boolean {
    return this.#trust === 'none' && (this.#table.file !== undefined || this.#damage !== undefined);
  }

  /** Makes all of the batches durable, in order, or none of them. */
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

  /** Does maintenance between two commits; `again` is called when there is more of it to do. */
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

  /** Switches to a new log, so that nothing replaced or deleted is left. */
  async scrub(): Promise<void> {
    await this.#makeReady();
    await this.#goOver();
  }

  /** Closes the log and returns a note about its content, if there is anything to say. */
  async close(): Promise<string | undefined> {
    await this.#rewriter.cancel();
    try {
      if (this.#table.file && this.#trust !== 'none') this.#note = await this.#end();
    } catch {
      // No promise depends on it.
      this.#loosenNote();
    } finally {
      this.#table.file?.close();
    }
    return this.#note && encodeNote(this.#note);
  }

  /** Makes sure that the log on disk is complete to its last byte, with a line that vouches for it. */
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

  /** Nothing has been written at this point, so the lock's new owner finds none of the batches. */
  #assertOurs(): void {
    try {
      this.#options.lock.assertHeld();
    } catch (error) {
      throw isInstantNodeError(error, 'storage-locked') ? withOutcome(error, 'not-applied') : error;
    }
  }

  /** Whether the log, or a part of it, was removed while it was open. */
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

  /** A removed file can still be read while it is open, so nothing is lost. */
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

  /** From here on the log may hold more than the note says, or have been replaced. */
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
      // It is now unknown which of its pages are on disk, and another sync would not tell.
      this.#trust = 'none';
      throw cause;
    }
  }

  /** A rejected write must not be read back. */
  async #undo(file: LogFile): Promise<void> {
    this.#trust = 'none';
    try {
      await file.truncate();
      await file.sync();
      this.#trust = 'full';
    } catch {
      // The log that replaces this one will not have it.
    }
  }
}
