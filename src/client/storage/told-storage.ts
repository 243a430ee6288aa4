import type { StorageDiagnostics } from '../diagnostics/channel-payloads.ts';
import type { Diagnostics } from '../diagnostics/database-diagnostics.ts';
import type { RecordStore } from './record-store.ts';
import { TracedRecordStore } from './traced-record-store.ts';

/** Tells the diagnostics what becomes of the storage of a database. */
export class ToldStorage {
  readonly #diagnostics: Diagnostics;
  readonly #kind: string;

  /** `kind` is the storage's name. */
  constructor(diagnostics: Diagnostics, kind: string) {
    this.#diagnostics = diagnostics;
    this.#kind = kind;
  }

  /** The same records, whose batches are traced. */
  over(records: RecordStore): RecordStore {
    // A failure is told where the database learns of it.
    records.opened.then(
      () => this.#tell('opened'),
      () => {},
    );
    return new TracedRecordStore(records, this.#kind, this.#diagnostics);
  }

  /** The writes of earlier processes are in memory: so many wait for the server, and so many for their author. */
  loaded(pending: number, foreign: number): void {
    this.#tell('loaded', () => ({ pending, foreign }));
  }

  /** The content of the storage is gone, or older than it was. */
  emptied(): void {
    this.#tell('emptied');
  }

  /** Something failed that the database goes on from. */
  trouble(error: unknown): void {
    this.#tell('trouble', () => ({ error: this.#diagnostics.errorOf(error) }));
  }

  /** The storage cannot be used, or no longer. */
  lost(error: unknown): void {
    this.#tell('lost', () => ({ error: this.#diagnostics.errorOf(error) }));
  }

  #tell(
    event: StorageDiagnostics['event'],
    about: () => Partial<Pick<StorageDiagnostics, 'pending' | 'foreign' | 'error'>> = () => ({}),
  ): void {
    this.#diagnostics.tell('instant:storage', () => ({ event, storage: this.#kind, ...about() }));
  }
}
