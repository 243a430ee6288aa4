import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { SqliteDatabase } from '../../drivers/storage/sqlite/sqlite-database.ts';
import { InstantNodeError } from '../../errors.ts';
import type { AppPersistence } from '../app/app-persistence.ts';
import type { StreamContent } from '../app/stream-content.ts';
import { AppWriter, type Write } from './app-writer.ts';
import type { DataFolder } from './data-folder.ts';
import { createDatabase, openDatabase } from './data-tables.ts';
import { DiskStreamContent } from './disk-stream-content.ts';
import { inspectDatabase } from './inspect-database.ts';
import { readKeptApps } from './kept-apps.ts';

/**
 * Either everything is durable; or there are pending writes, with actions waiting for them; or the file can no longer
 * be trusted.
 */
type State =
  | { readonly is: 'durable' }
  | { readonly is: 'pending'; readonly writes: Write[]; readonly waiting: (() => void)[] }
  | { readonly is: 'failed'; readonly error: InstantNodeError }
  | { readonly is: 'closed' };

const DURABLE: State = { is: 'durable' };

/**
 * Persists apps in one SQLite file. All writes of one turn of the event loop are one commit with one sync, so each
 * transaction of an app is in the file completely or not at all, and many cost as much as one.
 *
 * `failed` is called once, when the file cannot be written. Memory is then ahead of the disk and must not be shown to
 * clients: the backend has to stop.
 *
 * @throws {InstantNodeError} `storage` when the file is not one of ours or is damaged; it is left unchanged.
 */
export function openDiskPersistence(
  folder: DataFolder,
  failed: (error: InstantNodeError) => void,
): AppPersistence {
  if (existsSync(folder.database)) inspectDatabase(folder.database);
  else createDatabase(folder.database);
  return new DiskPersistence(openDatabase(folder.database), folder, failed);
}

class DiskPersistence implements AppPersistence {
  readonly signingKey: Uint8Array;
  readonly filesFolder: string;
  readonly lastTxId: number;
  readonly #database: SqliteDatabase;
  readonly #folder: DataFolder;
  readonly #writer: AppWriter;
  readonly #failed: (error: InstantNodeError) => void;
  #state: State = DURABLE;

  constructor(database: SqliteDatabase, folder: DataFolder, failed: (error: InstantNodeError) => void) {
    this.#database = database;
    this.#folder = folder;
    this.filesFolder = folder.files;
    this.#failed = failed;
    this.#writer = new AppWriter(database);
    this.signingKey = Buffer.from(
      this.lasting('signing-key', () => randomBytes(32).toString('hex')),
      'hex',
    );
    this.lastTxId = Number(this.#writer.meta('last-tx-id', () => '0'));
  }

  lasting(name: string, make: () => string): string {
    return this.#writer.meta(name, make);
  }

  apps(): ReturnType<AppPersistence['apps']> {
    return readKeptApps(this.#database);
  }

  appCreated(app: Parameters<AppPersistence['appCreated']>[0]): void {
    this.#write((writer) => writer.createApp(app));
  }

  appDeleted(appId: string): void {
    this.#write((writer) => writer.deleteApp(appId));
  }

  streamContent(appId: string): StreamContent {
    return new DiskStreamContent(appId, {
      database: this.#database,
      write: (write) => this.#write(write),
      flush: () => this.flush(),
    });
  }

  committed(appId: string, commit: Parameters<AppPersistence['committed']>[1]): void {
    this.#write((writer) => writer.commit(appId, commit));
  }

  settingsChanged(appId: string, changed: Parameters<AppPersistence['settingsChanged']>[1]): void {
    this.#write((writer) => writer.setSettings(appId, changed));
  }

  whenDurable(action: () => void): void {
    if (this.#state.is === 'durable' || this.#state.is === 'closed') action();
    else if (this.#state.is === 'pending') this.#state.waiting.push(action);
  }

  flush(): void {
    const state = this.#state;
    if (state.is === 'failed') throw state.error;
    if (state.is !== 'pending') return;
    try {
      this.#commit(state.writes);
    } catch (cause) {
      throw this.#fail(cause);
    }
    this.#state = DURABLE;
    for (const action of state.waiting) action();
  }

  close(): void {
    if (this.#state.is === 'closed') return;
    try {
      if (this.#state.is === 'pending') this.flush();
    } finally {
      this.#state = { is: 'closed' };
      this.#database.close();
      this.#folder.release();
    }
  }

  #write(write: Write): void {
    switch (this.#state.is) {
      case 'pending':
        this.#state.writes.push(write);
        return;
      case 'durable':
        this.#state = { is: 'pending', writes: [write], waiting: [] };
        setImmediate(() => this.#flushInTurn());
        return;
      case 'failed':
        throw this.#state.error;
      case 'closed':
        throw new InstantNodeError('closed', `Cannot keep data in "${this.#folder.path}": it is closed`);
    }
  }

  #flushInTurn(): void {
    try {
      this.flush();
    } catch {
      // Reported where it happened.
    }
  }

  #commit(writes: readonly Write[]): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const write of writes) write(this.#writer);
      this.#writer.settle();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // SQLite rolled back by itself, as it does when the disk is full.
    }
  }

  #fail(cause: unknown): InstantNodeError {
    const error = new InstantNodeError('storage', `Cannot write to "${this.#folder.database}"`, {
      hint: 'The backend has stopped, because it holds what it could not keep. See that there is room, and start it again',
      cause,
    });
    this.#state = { is: 'failed', error };
    this.#failed(error);
    return error;
  }
}
