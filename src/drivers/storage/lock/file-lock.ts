import { statSync } from 'node:fs';
import { clearInterval, setInterval } from 'node:timers';
import { InstantNodeError } from '../../../errors.ts';
import { withHint } from '../failure-hint.ts';
import {
  type ClaimFile,
  createClaim,
  generationsOf,
  type LockClaim,
  lockFile,
  passingFilesOf,
  readClaim,
  remove,
  silenceOf,
} from './lock-file.ts';
import { holdHere, isOfThisProcess, type LockOwner, lifeOf, newOwner, seesProcesses } from './lock-owner.ts';

// How it excludes. A lock is files `<place>.lock.<generation>`; the owner is the process that created the one of the
// highest generation. A contender lists them and judges the owner of the highest; if that has released the lock or is
// dead, it creates the next one exclusively, in which only one of several contenders can succeed. Generations never go
// down: an owner that releases the lock says so in its file and leaves the file there, because a slow contender with an
// older listing could otherwise create a generation that a new owner has already passed. As it is, that contender
// creates a low generation at worst, and sees when it lists again, twice over, that it is not the highest.
//
// A file can be removed with its lock only where processes take and release the lock one at a time: then no contender
// has a listing older than another's last action, so generations may start over. See `withdraw`.
//
// An owner learns that it was replaced from the next generation's file or, if the owner after that has already removed
// it, from its own file being gone: generations are removed from the lowest up, so one of the two always holds.
//
// Who is dead. A process on the same machine that sees the same pids: the system says exactly. Another thread of this
// process, or a program that was in it before: when the lock's file, which an owner keeps open, is no longer open in
// it. Any other: when the file's time, which the owner renews, has stood still by the clock of the file system. An
// owner that was merely suspended may come back from that, hence `fence`.
//
// Not an operating system's file lock, since neither Node nor Bun offers one, and not SQLite's, since the filesystem
// driver runs where there is no SQLite.

const HEARTBEAT_MS = 1_000;
/** Several heartbeats, so that a program may compute for a while between two turns of its event loop. */
const SILENT_AFTER_MS = 5_000;
/** Far more than contenders that get in each other's way need. */
const MAX_ATTEMPTS = 100;

/** A place that this process holds. */
export interface Lock {
  /** Higher than that of every owner before. */
  readonly generation: number;
  /**
   * An owner of a generation below this one was taken for dead without proof, and may still finish a write that it has
   * begun: whatever it was writing to must not be written to any more.
   */
  readonly fence: number;
  /** The note that the owner before left about what is there; undefined when there was no owner or no note. */
  readonly found: FoundNote | undefined;
  /** Why this process no longer holds the place, once that is known. */
  readonly loss: InstantNodeError | undefined;
  /** Throws code `storage-locked` once another process has taken the place, or the lock's file was removed. */
  assertHeld(): void;
  /** Releases the place, and leaves `note`, one line, for the next owner. Repeatable. */
  release(note?: string): void;
  /**
   * The same, but removes the file. Call it only where no other process can take or release a lock in the folder at the
   * same time.
   */
  withdraw(): void;
}

/** An owner's note about what is in its place. */
export interface FoundNote {
  readonly text: string;
  /** Whether it was the last word. If not, the owner that left or found it was killed, or lost the place, later on. */
  readonly isLast: boolean;
}

/** What a lock is taken for. */
export interface LockOptions {
  /** For messages: `storage "sqlite" at "/data/app.db"`. */
  readonly subject: string;
  /** The generation to start with if no owner has left a file. Default 1. */
  readonly first?: number;
  /** Called at most once, when the place is found to be taken over. */
  lost(error: InstantNodeError): void;
}

/**
 * Takes the lock on `place`, a path in a folder that exists; its files are next to it. If the process that held the
 * lock, or the program in it, has ended, the lock is taken over: at once where that can be seen, otherwise after 5
 * seconds without a sign of life.
 *
 * @throws {InstantNodeError} `storage-locked` when another process or another database of this one holds it, `storage`
 * when its files cannot be created.
 */
export function takeLock(place: string, options: LockOptions): Lock {
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const claim = tryToClaim(place, options);
      if (claim) return new FileLock(place, claim, options);
    }
  } catch (cause) {
    if (cause instanceof InstantNodeError) throw cause;
    throw new InstantNodeError('storage', `Cannot open ${options.subject}: its lock cannot be made`, {
      hint: 'Give storagePath a place in a folder that this process may write',
      ...withHint(cause),
    });
  }
  throw lockedBy(options.subject, 'others try to open it at the same time');
}

/**
 * Checks that the lock on `place` could be taken, without taking it: a caller that would have to wait before taking it
 * need not do so when it is held.
 *
 * @throws {InstantNodeError} `storage-locked` when another holds it.
 */
export function assertFree(place: string, subject: string): void {
  const highest = generationsOf(place).at(-1);
  if (highest !== undefined) judge(place, highest, subject);
}

/** What a contender learns about the owner before it. */
interface Judged {
  readonly fence: number;
  readonly found: FoundNote | undefined;
}

interface Claimed extends Judged {
  readonly generation: number;
  readonly file: ClaimFile;
  readonly owner: LockOwner;
}

/** Undefined when another contender was faster. */
function tryToClaim(place: string, { subject, first = 1 }: LockOptions): Claimed | undefined {
  const highest = generationsOf(place).at(-1) ?? 0;
  const generation = highest === 0 ? first : highest + 1;
  const judged = highest === 0 ? { fence: generation, found: undefined } : judge(place, highest, subject);
  if (judged === undefined) return undefined;
  const owner = newOwner();
  const path = lockFile(place, generation);
  const file = createClaim(path, owner, { fence: judged.fence, note: judged.found?.text ?? '' });
  if (!file) return undefined;
  // Twice, as a listing may miss what is made and removed while it runs.
  if (!isHighest(place, generation) || !isHighest(place, generation)) {
    file.close();
    remove(path);
    return undefined;
  }
  return { generation, file, owner, ...judged };
}

/**
 * What the next owner must know about the owner of `generation`; undefined when its file is gone.
 *
 * @throws {InstantNodeError} `storage-locked` when that owner is alive.
 */
function judge(place: string, generation: number, subject: string): Judged | undefined {
  const file = lockFile(place, generation);
  const claim = readClaim(file);
  if (claim === undefined) return undefined;
  if (claim === 'incomplete')
    return isSilent(file, subject, 'a process that is opening it')
      ? { fence: generation + 1, found: undefined }
      : undefined;
  const isLast = claim.state === 'free';
  const found = claim.note === '' ? undefined : { text: claim.note, isLast };
  switch (isLast ? 'dead' : lifeOf(claim.owner)) {
    case 'dead':
      return { fence: claim.fence, found };
    case 'alive':
      throw lockedBy(subject, `${nameOf(claim)} has it open for the same app`);
    case 'gone':
      return { fence: generation + 1, found };
    case 'unknown':
      return isSilent(file, subject, nameOf(claim)) ? { fence: generation + 1, found } : undefined;
  }
}

/** False when the file is gone. Throws when its owner has recently given a sign of life. */
function isSilent(file: string, subject: string, owner: string): boolean {
  const silence = silenceOf(file);
  if (silence === undefined) return false;
  // A time in the future means that the clock was set back and nothing was written since.
  if (Math.abs(silence) < SILENT_AFTER_MS)
    throw lockedBy(subject, `${owner} has it open for the same app`, whenItIsFree());
  return true;
}

/** For an owner whose end cannot be observed from here. */
function whenItIsFree(): string {
  const seconds = SILENT_AFTER_MS / 1_000;
  const free = `. If that has ended without closing it, this is free ${seconds} seconds after its last sign of life`;
  if (process.platform !== 'linux' || seesProcesses(newOwner())) return free;
  const flag = 'Deno' in globalThis ? '--allow-all' : '--allow-fs-read=/proc/*';
  return `${free}; run with ${flag}, which lets this process see others, it is free at once`;
}

function nameOf({ owner }: LockClaim): string {
  if (isOfThisProcess(owner)) return 'another database of this process';
  return owner.host === undefined ? `process ${owner.pid}` : `process ${owner.pid} of "${owner.host}"`;
}

function lockedBy(subject: string, why: string, more = ''): InstantNodeError {
  return new InstantNodeError('storage-locked', `Cannot open ${subject}: ${why}`, {
    hint: `Close that database first, set whenStorageLocked to "wait", or give this one a storagePath or an instanceKey of its own${more}`,
  });
}

function isHighest(place: string, generation: number): boolean {
  return generationsOf(place).at(-1) === generation;
}

type State =
  | { readonly is: 'held'; readonly heartbeat: NodeJS.Timeout }
  | { readonly is: 'lost'; readonly error: InstantNodeError }
  | { readonly is: 'released' };

class FileLock implements Lock {
  readonly generation: number;
  readonly fence: number;
  readonly found: FoundNote | undefined;
  readonly #place: string;
  readonly #file: ClaimFile;
  readonly #letGo: () => void;
  readonly #options: LockOptions;
  #state: State;

  constructor(place: string, { generation, file, fence, found, owner }: Claimed, options: LockOptions) {
    this.generation = generation;
    this.fence = fence;
    this.found = found;
    this.#place = place;
    this.#file = file;
    this.#letGo = holdHere(owner);
    this.#options = options;
    this.#removeLower();
    this.#state = { is: 'held', heartbeat: setInterval(() => this.#beat(), HEARTBEAT_MS).unref() };
  }

  get loss(): InstantNodeError | undefined {
    return this.#state.is === 'lost' ? this.#state.error : undefined;
  }

  assertHeld(): void {
    if (this.#state.is === 'released') throw new TypeError('A lock that was released is not to be asked for');
    if (this.#state.is === 'held' && !this.#isOurs()) this.#lose(this.#state.heartbeat);
    if (this.#state.is === 'lost') throw this.#state.error;
  }

  release(note = ''): void {
    this.#end(() => this.#file.free(note));
  }

  withdraw(): void {
    this.#end(() => remove(lockFile(this.#place, this.generation)));
  }

  /** `tell` tells other processes about the release. */
  #end(tell: () => void): void {
    if (this.#state.is !== 'held') return;
    clearInterval(this.#state.heartbeat);
    this.#state = { is: 'released' };
    this.#letGo();
    try {
      if (this.#isOurs()) tell();
    } catch {
      // Then it is taken over like a dead owner's.
    }
    this.#file.close();
  }

  /** In this order: see at the top of the file. */
  #isOurs(): boolean {
    const next = lockFile(this.#place, this.generation + 1);
    if (statSync(next, { throwIfNoEntry: false })) return false;
    return this.#file.isThere();
  }

  #beat(): void {
    try {
      this.assertHeld();
      this.#file.write('held');
    } catch {
      // A loss was reported when it was found; other failures may be gone by the next heartbeat.
    }
  }

  #lose(heartbeat: NodeJS.Timeout): void {
    clearInterval(heartbeat);
    this.#letGo();
    this.#file.close();
    const error = new InstantNodeError(
      'storage-locked',
      `Cannot go on with ${this.#options.subject}: another process has taken it over, or its lock file was removed`,
      { hint: 'Let one process at a time open a storage for an app, or give each an instanceKey of its own' },
    );
    this.#state = { is: 'lost', error };
    this.#options.lost(error);
  }

  // From the lowest up: see at the top of the file.
  #removeLower(): void {
    try {
      for (const generation of generationsOf(this.#place)) {
        if (generation < this.generation) remove(lockFile(this.#place, generation));
      }
      for (const file of passingFilesOf(this.#place)) remove(file);
    } catch {
      // What is left over does no harm.
    }
  }
}
