import { clearTimeout, setImmediate, setTimeout } from 'node:timers';
import { chunksOf } from '../../drivers/storage/record-entries.ts';
import { InstantNodeError, isInstantNodeError } from '../../errors.ts';
import { isObject } from '../../protocol/json.ts';
import { type Deferred, deferred } from '../timing/deferred.ts';
import type { TransactionAuthor } from '../transactions/author.ts';
import type { AuthoredWrite, WriteEntry } from '../transactions/pending-write.ts';
import { StepPool } from '../transactions/step-pool.ts';
import type { Mutation } from '../transactions/transactions.ts';
import type { Piece } from './journal-pieces.ts';
import type { RecordEntry, Records } from './records.ts';
import { PENDING_KEY } from './store-class.ts';
import { Unsaved } from './unsaved.ts';

/** How long a write that waits for its answer stays unsaved: most are answered before. Core saves as late. */
const LAZY_MS = 100;
const MAX_RETRY_MS = 5_000;
/** With so many delivered writes in the storage, no more are to be delivered: a process that is killed sends them again. */
const MOST_DELIVERED = 1_000;

/** Who made a write, as it is kept. */
interface KeptAuthor {
  /** The id of the user, or null for none. */
  user: string | null;
  /** Where it was made with an admin token. Versions before did not say, and are taken to have had none. */
  admin?: true;
}

/** A pending write as it is kept: with who made it, once that is known, since nobody else may send it. */
interface KeptWrite extends Mutation, Partial<KeptAuthor> {}

/** The newest state of a write, or undefined for one that is to be forgotten. */
type State = KeptWrite | undefined;

/** Why some of a round could not be saved. */
interface Failure {
  cause: unknown;
  /** Whether some of it was not refused, and is tried again: writes, or nothing but removals. */
  isHeldBack: boolean;
  areWrites: boolean;
}

/** Whether a write is in the storage, where whoever opens it next finds it. `saving` will be one of the others. */
export type Standing = 'kept' | 'saving' | 'unsure' | 'not-kept';

/** What earlier processes left. */
export interface LoadedWrites {
  /** Who is signed in, or null for nobody. */
  readonly userId: string | null;
  readonly writes: readonly AuthoredWrite[];
}

/**
 * Keeps pending writes in the storage, a record a write, so that keeping and forgetting one costs the same however many
 * wait. What changes while a round is being saved is saved together, in the next, unless it cannot wait.
 */
export class Journal {
  /** Called when something was saved, or could not be: `isBehind` may be over. */
  onOutcome: () => void = () => {};
  readonly #records: Records;
  readonly #report: (error: InstantNodeError) => void;
  readonly #unsaved: Unsaved<KeptWrite> = new Unsaved();
  /** What the storage has been given and has not answered: the newest of each. */
  readonly #inFlight: Map<string, State> = new Map();
  /** How many removals are among those. */
  #removing = 0;
  /** Writes that have a record, or may have one. */
  readonly #kept: Set<string> = new Set();
  /** Those of them that only a piece has named which has no outcome, or failed. */
  readonly #unsure: Set<string> = new Set();
  readonly #waiting: Map<string, Deferred<void>> = new Map();
  #saving: Promise<void> | undefined;
  #isDueSoon = false;
  #lazy: NodeJS.Timeout | undefined;
  #failure: unknown;
  /** Whether it was told that saving fails, since it last worked. */
  #isTold = false;
  #delayMs = LAZY_MS;
  #isStopped = false;
  #author: KeptAuthor | undefined;

  constructor(records: Records, report: (error: InstantNodeError) => void) {
    this.#records = records;
    this.#report = report;
  }

  /** The writes that were kept. To be called once, before `setAuthor`, and again when it rejects. */
  async load(): Promise<LoadedWrites> {
    const userId = userIdOf(await this.#records.read('kv', 'currentUser'));
    await this.#takeOver(userId);
    // By id, and not noted as kept before all are read: one may be given twice, and reading that fails begins anew.
    const writes = new Map<string, AuthoredWrite>();
    const pool = new StepPool();
    for await (const some of this.#records.entries?.('writes') ?? this.#entries()) {
      for (const [eventId, write] of some) {
        if (this.#kept.has(eventId) || writes.has(eventId)) continue;
        if (isKeptWrite(write)) writes.set(eventId, authoredWrite(eventId, write, pool));
        else if (write !== null) this.#reportUnusable(`pending write "${eventId}"`);
      }
    }
    for (const eventId of writes.keys()) this.#kept.add(eventId);
    return { userId, writes: [...writes.values()] };
  }

  /** Whoever makes the writes from now on. The first has made those that were put before, which are saved from now on. */
  setAuthor(author: TransactionAuthor): void {
    const isFirst = !this.#author;
    this.#author = keptAuthor(author);
    if (!isFirst) return;
    for (const state of this.#unsaved.states()) Object.assign(state, this.#author);
    if (this.#waiting.size > 0) this.#saveSoon();
  }

  /** Takes the state of a write, to be saved in a moment, or with the next that cannot wait. */
  put(eventId: string, mutation: Mutation): void {
    this.#put(eventId, mutation, this.#author);
  }

  /**
   * Keeps `writes`, and those of others, anew and nothing else: the storage has lost some, or has some back that were
   * forgotten.
   */
  async keepAgain(writes: readonly WriteEntry[], foreign: readonly AuthoredWrite[]): Promise<void> {
    for (const { eventId, mutation, author } of foreign) {
      this.#put(eventId, mutation, keptAuthor(author));
    }
    for (const [eventId, mutation] of writes) this.put(eventId, mutation);
    this.#saveSoon();
    const found = await this.#records.keys('writes').catch(() => []);
    for (const eventId of found) {
      if (this.#kept.has(eventId) || this.#unsaved.has(eventId)) continue;
      this.#kept.add(eventId);
      this.remove(eventId);
    }
  }

  /** Forgets a write; one that was never saved will not be. */
  remove(eventId: string): void {
    if (this.#kept.has(eventId)) {
      this.#unsaved.remove(eventId);
      if (this.isBehind) this.#saveSoon();
      else this.#saveLater();
    } else this.#unsaved.forget(eventId);
    this.#settle(eventId, (waiting) => waiting.resolve());
  }

  /**
   * Resolves once a write that was put is in the storage. Rejects when it could not be saved; it is forgotten then,
   * unless it is put again.
   */
  saved(eventId: string): Promise<void> {
    if (!this.#unsaved.has(eventId) && !this.#inFlight.get(eventId)) return Promise.resolve();
    let waiting = this.#waiting.get(eventId);
    if (!waiting) {
      waiting = deferred();
      this.#waiting.set(eventId, waiting);
    }
    this.#saveSoon();
    return waiting.promise;
  }

  /** Whether a write is in the storage. */
  standing(eventId: string): Standing {
    if (this.#kept.has(eventId) && !this.#unsure.has(eventId)) return 'kept';
    if (this.#inFlight.get(eventId) || this.#unsaved.hasInRound(eventId)) return 'saving';
    return this.#kept.has(eventId) ? 'unsure' : 'not-kept';
  }

  /**
   * Whether so many removals wait that nothing more is to be delivered until some are done. Never while the storage fails:
   * that may last, and is told. Nor where each removal costs as much as everything that is kept.
   */
  get isBehind(): boolean {
    if (this.#failure !== undefined || this.#isStopped || !this.#records.maxBatch) return false;
    return this.#unsaved.removals + this.#removing >= MOST_DELIVERED;
  }

  /** Resolves once what is being saved has an outcome. Never rejects. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  /** Saves what is left; rejects when that does not work. Before the storage was loaded, it does nothing. */
  async flush(): Promise<void> {
    while (this.#saving || (!this.#unsaved.isEmpty && this.#maySave)) {
      await (this.#saving ?? this.#save());
      if (this.#failure !== undefined) throw this.#failure;
    }
  }

  /** Saves nothing any more, and leaves it to others to say so: the storage is lost. */
  end(): void {
    this.#isStopped = true;
    clearTimeout(this.#lazy);
  }

  /** Saves nothing any more. */
  stop(): void {
    this.end();
    const closed = new InstantNodeError('closed', 'The database was closed before the write was saved');
    for (const eventId of [...this.#waiting.keys()]) {
      this.#settle(eventId, (waiting) => waiting.reject(closed));
    }
  }

  #put(eventId: string, mutation: Mutation, author: KeptAuthor | undefined): void {
    this.#unsaved.put(eventId, { ...mutation, ...author });
    this.#saveLater();
  }

  // Not all at once: so many calls under way cost more memory than what they read.
  async *#entries(): AsyncGenerator<readonly RecordEntry[]> {
    for (const some of chunksOf(await this.#records.keys('writes'))) {
      yield await Promise.all(
        some.map(async (eventId) => [eventId, await this.#records.read('writes', eventId)] as const),
      );
    }
  }

  /** Core, and this package before version 2 of its format, kept all pending writes as one value. */
  async #takeOver(user: string | null): Promise<void> {
    const kept = await this.#records.read('kv', PENDING_KEY);
    if (kept === null) return;
    const entries = parsed(kept);
    const writes = Array.isArray(entries) ? entries.filter(isEntry) : undefined;
    // Left as it is, for whoever can make something of it.
    if (!writes || writes.length < (entries as unknown[]).length) {
      return this.#reportUnusable(`"${PENDING_KEY}", where writes were kept before`);
    }
    await this.#records.write([
      ...writes.map(([eventId, mutation]) => ['writes', eventId, { ...mutation, user }] as const),
      ['kv', PENDING_KEY, undefined],
    ]);
  }

  #reportUnusable(what: string): void {
    this.#report(
      new InstantNodeError('storage', `Cannot use ${what}: it does not hold writes as core writes them`),
    );
  }

  #saveLater(): void {
    if (this.#lazy || this.#isStopped) return;
    this.#lazy = setTimeout(() => void this.#save(), this.#delayMs);
    this.#lazy.unref();
  }

  // Not at once: what is put within the same turn is to share the round. One that is under way sees who waits.
  #saveSoon(): void {
    if (this.#isDueSoon || this.#saving) return;
    this.#isDueSoon = true;
    setImmediate(() => void this.#save());
  }

  #save(): Promise<void> {
    this.#isDueSoon = false;
    clearTimeout(this.#lazy);
    this.#lazy = undefined;
    if (this.#unsaved.isEmpty || !this.#maySave) return Promise.resolve();
    this.#saving ??= this.#saveRound();
    return this.#saving;
  }

  get #maySave(): boolean {
    return !this.#isStopped && this.#author !== undefined;
  }

  /** Saves all that is unsaved, in pieces: the records do not depend on each other, and there may be very many. */
  async #saveRound(): Promise<void> {
    const failed: Failure = { cause: undefined, isHeldBack: false, areWrites: false };
    const together: Promise<unknown>[] = [];
    this.#beginRound();
    do {
      const saved = Promise.all(
        this.#unsaved.take(this.#records.maxBatch).map((piece) => this.#savePiece(piece, failed)),
      );
      // Once one has failed, the others may have to wait for as long as that one had to: not one after the other.
      if (failed.cause === undefined) await saved;
      else together.push(saved);
      if (this.#waiting.size > 0) this.#beginRound();
    } while (!this.#isStopped && this.#hasMore(failed));
    await Promise.all(together);
    this.#unsaved.end();
    this.#saving = undefined;
    if (failed.cause === undefined) this.#wasSaved();
    else this.#wasNotSaved(failed);
    this.onOutcome();
    if (this.#waiting.size > 0 || this.isBehind) this.#saveSoon();
    else if (!this.#unsaved.isEmpty) this.#saveLater();
  }

  #hasMore(failed: Failure): boolean {
    return this.#unsaved.isInRound || (failed.cause === undefined && this.isBehind);
  }

  #beginRound(): void {
    this.#unsaved.begin((eventId) => this.#kept.has(eventId));
  }

  async #savePiece({ states, changes }: Piece<State>, failed: Failure): Promise<void> {
    const added = this.#begun(states);
    const removals = [...states.values()].filter((state) => !state).length;
    this.#removing += removals;
    try {
      await this.#records.write(changes);
      this.#pieceSaved(states);
    } catch (cause) {
      failed.cause ??= cause;
      if (isInstantNodeError(cause) && cause.outcome === 'not-applied') this.#isNotThere(added);
      this.#pieceFailed(states, cause, failed);
    }
    this.#removing -= removals;
    this.onOutcome();
  }

  /** Notes what is given to the storage. The writes that have no record yet: even when saving fails, they may have one. */
  #begun(states: ReadonlyMap<string, State>): string[] {
    const added: string[] = [];
    for (const [eventId, state] of states) {
      this.#inFlight.set(eventId, state);
      if (!state || this.#kept.has(eventId)) continue;
      this.#kept.add(eventId);
      this.#unsure.add(eventId);
      added.push(eventId);
    }
    return added;
  }

  /** Whether this was the last that the storage was given of a write; a newer one decides. */
  #isLast(eventId: string, state: State): boolean {
    return this.#inFlight.get(eventId) === state && this.#inFlight.delete(eventId);
  }

  #pieceSaved(states: ReadonlyMap<string, State>): void {
    for (const [eventId, state] of states) {
      if (!this.#isLast(eventId, state)) continue;
      this.#unsure.delete(eventId);
      if (!state) this.#kept.delete(eventId);
      this.#settle(eventId, (waiting) => waiting.resolve());
    }
  }

  #pieceFailed(states: ReadonlyMap<string, State>, cause: unknown, failed: Failure): void {
    for (const [eventId, state] of states) {
      if (!this.#isLast(eventId, state)) continue;
      const isRefused = this.#settle(eventId, (waiting) => waiting.reject(cause));
      if (!isRefused) failed.isHeldBack = true;
      if (!isRefused && state) failed.areWrites = true;
      this.#unsaved.failed(eventId, isRefused ? undefined : state);
    }
  }

  #wasSaved(): void {
    this.#failure = undefined;
    this.#isTold = false;
    this.#delayMs = LAZY_MS;
  }

  #isNotThere(eventIds: readonly string[]): void {
    for (const eventId of eventIds) {
      this.#kept.delete(eventId);
      this.#unsure.delete(eventId);
    }
  }

  #wasNotSaved({ cause, isHeldBack, areWrites }: Failure): void {
    if (isHeldBack && !this.#isTold && !this.#isStopped) {
      this.#isTold = true;
      const message = areWrites
        ? 'Cannot save pending writes to the storage: kept in memory, and tried again'
        : 'Cannot remove writes that are done from the storage: tried again. A restart before that sends them once more';
      this.#report(new InstantNodeError('storage', message, { cause }));
    }
    this.#failure = cause;
    this.#delayMs = Math.min(this.#delayMs * 2, MAX_RETRY_MS);
  }

  #settle(eventId: string, how: (waiting: Deferred<void>) => void): boolean {
    const waiting = this.#waiting.get(eventId);
    if (!waiting) return false;
    this.#waiting.delete(eventId);
    how(waiting);
    return true;
  }
}

function isKeptWrite(value: unknown): value is KeptWrite {
  return isObject(value) && Array.isArray(value['tx-steps']) && typeof value.order === 'number';
}

function isEntry(value: unknown): value is [eventId: string, write: KeptWrite] {
  return Array.isArray(value) && typeof value[0] === 'string' && isKeptWrite(value[1]);
}

function authoredWrite(eventId: string, write: KeptWrite, pool: StepPool): AuthoredWrite {
  const { user = null, admin = false } = write;
  const author = { userId: user, isAdmin: admin };
  return { eventId, mutation: pool.share(withoutAuthor(write)), author };
}

// Leaving out by `...rest` takes five times as long, of which a hundred thousand are felt.
function withoutAuthor(write: KeptWrite): Mutation {
  const entries = Object.entries(write).filter(([name]) => name !== 'user' && name !== 'admin');
  return Object.fromEntries(entries) as unknown as Mutation;
}

function keptAuthor({ userId: user, isAdmin }: TransactionAuthor): KeptAuthor {
  return isAdmin ? { user, admin: true } : { user };
}

/** Core reads what it keeps as it is, or as JSON. */
function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** The id of a user as core keeps one, as it is or as JSON; null for none. */
export function userIdOf(user: unknown): string | null {
  const value = parsed(user);
  return isObject(value) && typeof value.id === 'string' ? value.id : null;
}
