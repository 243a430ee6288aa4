import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  futimesSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { anchorIn } from './anchor.ts';
import type { LockOwner } from './lock-owner.ts';

/** The content of a complete lock file. */
export interface LockClaim {
  readonly state: 'held' | 'free';
  readonly owner: LockOwner;
  /** See `Lock.fence`. */
  readonly fence: number;
  /** The owner's note about what it locks, or the note that it found when it took the lock; empty if there is none. */
  readonly note: string;
}

/** The lock file of one generation. */
export function lockFile(place: string, generation: number): string {
  return `${place}.lock.${generation}`;
}

/** The existing generations, in order. */
export function generationsOf(place: string): number[] {
  return suffixesOf(place)
    .filter((suffix) => GENERATION.test(suffix))
    .map(Number)
    .sort((a, b) => a - b);
}

/** The temporary files of contenders; those of killed ones stay until an owner removes them. */
export function passingFilesOf(place: string): string[] {
  return suffixesOf(place)
    .filter((suffix) => !GENERATION.test(suffix))
    .map((suffix) => `${place}.lock.${suffix}`);
}

const GENERATION = /^[1-9]\d*$/;

function suffixesOf(place: string): string[] {
  const prefix = `${basename(place)}.lock.`;
  return readdirSync(dirname(place))
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length));
}

/** The content of the file; undefined when it is gone; `incomplete` when its creator has not finished writing it. */
export function readClaim(file: string): LockClaim | 'incomplete' | undefined {
  const text = readIfThere(file);
  if (text === undefined) return undefined;
  const [state, json, note = ''] = text.split('\n');
  if (state !== 'held' && state !== 'free') return 'incomplete';
  try {
    const { fence, ...owner } = JSON.parse(json ?? '') as LockOwner & { fence: number };
    return { state, owner, fence, note };
  } catch {
    return 'incomplete';
  }
}

/** A time so old that the file's owner counts as dead; in seconds since 1970. */
const LONG_AGO = 1;

/** An owner's own lock file. It is kept open, so no other file can get its inode number. */
export class ClaimFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #text: string;
  #note: string;
  readonly #number: number;
  #isWritten = false;

  constructor(path: string, fd: number, text: string, note: string) {
    this.#path = path;
    this.#fd = fd;
    this.#text = text;
    this.#note = note;
    this.#number = fstatSync(fd).ino;
  }

  /** Whether it still exists under its name. Checked before each batch, so it does not read the file. */
  isThere(): boolean {
    return statSync(this.#path, { throwIfNoEntry: false })?.ino === this.#number;
  }

  /**
   * Writes the state. This is also the heartbeat: a write gives the file the time of its file system's clock, the one
   * clock that two machines share.
   */
  write(state: LockClaim['state']): void {
    try {
      if (this.#isWritten) this.#writeAt(0, state);
      else this.#writeAt(0, `${state}\n${this.#text}\n${this.#note}\n`);
      this.#isWritten = true;
    } catch (error) {
      // On a full disk an empty file locks just as well, and the stored records can be read.
      if (this.#isWritten || !isFull(error)) throw error;
      futimesSync(this.#fd, new Date(), new Date());
    }
  }

  /**
   * Marks the place as free for good, and leaves `note` about what is there. The note is written first: if the process
   * is killed in between, it has left a true note about a place that it held.
   */
  free(note: string): void {
    if (this.#isWritten) this.#rewriteNote(note);
    this.#note = note;
    this.write('free');
    // If the disk was full throughout, the file is still empty. Without the old time, contenders would wait for its
    // owner.
    if (!this.#isWritten) futimesSync(this.#fd, LONG_AGO, LONG_AGO);
  }

  #rewriteNote(note: string): void {
    const place = Buffer.byteLength(`held\n${this.#text}\n`);
    try {
      this.#writeAt(place, `${note}\n`);
    } catch (error) {
      if (!isFull(error)) throw error;
      // Needs no space. The earlier note must not pass for the last word.
      this.#writeAt(place, '\n');
    }
  }

  #writeAt(place: number, text: string): void {
    // As bytes: Deno appends a text at the end, whatever position is given (seen on 2.9.6).
    const bytes = Buffer.from(text);
    writeSync(this.#fd, bytes, 0, bytes.length, place);
  }

  /** No method may be called after it. */
  close(): void {
    closeSync(this.#fd);
  }
}

/**
 * Creates the lock file for `owner`; undefined when another contender was faster. Where the file system has hard links,
 * the file appears with its full content: contenders would have to wait for an empty one whose owner was killed at that
 * moment.
 */
export function createClaim(
  path: string,
  owner: LockOwner,
  { fence, note = '' }: { fence: number; note?: string },
): ClaimFile | undefined {
  const content: Content = [(anchor) => JSON.stringify({ ...owner, anchor, fence }), note];
  const draft = `${path}.draft-${randomUUID()}`;
  try {
    return createFile(draft, path, content, () => linkSync(draft, path));
  } catch (error) {
    // An owner removes the drafts that it finds.
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOENT') return undefined;
    return createInPlace(path, content);
  } finally {
    remove(draft);
  }
}

function createInPlace(path: string, content: Content): ClaimFile | undefined {
  try {
    return createFile(path, path, content);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    remove(path);
    throw error;
  }
}

/** The content of the file after its state. */
type Content = readonly [text: (anchor: string | undefined) => string, note: string];

/** Creates a file under `name` that will end up at `path`, writes that it is held, and calls `finish`. */
function createFile(name: string, path: string, [text, note]: Content, finish = () => {}): ClaimFile {
  const fd = openSync(name, 'wx', 0o600);
  try {
    const file = new ClaimFile(path, fd, text(anchorIn(fd)), note);
    file.write('held');
    finish();
    return file;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** How long ago the file was written, in ms, by the clock of its file system; undefined when it is gone. */
export function silenceOf(file: string): number | undefined {
  const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return written === undefined ? undefined : clockBeside(file) - written;
}

/** Removes a file that may be gone already. */
export function remove(file: string): void {
  rmSync(file, { force: true });
}

function clockBeside(lock: string): number {
  const file = `${lock}.clock-${randomUUID()}`;
  const fd = openSync(file, 'wx', 0o600);
  try {
    try {
      writeSync(fd, '.');
    } catch (error) {
      // Then it still has the time of its creation.
      if (!isFull(error)) throw error;
    }
    return fstatSync(fd).mtimeMs;
  } finally {
    closeSync(fd);
    remove(file);
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isFull(error: unknown): boolean {
  return codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT';
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code;
}
