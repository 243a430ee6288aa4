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

/** What a lock file says, once it says all of it. */
export interface LockClaim {
  readonly state: 'held' | 'free';
  readonly owner: LockOwner;
  /** See `Lock.fence`. */
  readonly fence: number;
  /** What the owner has said of what it locks, or found said of it when it took the lock; empty when nothing was. */
  readonly note: string;
}

/** The lock file of one generation. */
export function lockFile(place: string, generation: number): string {
  return `${place}.lock.${generation}`;
}

/** The generations that are there, in order. */
export function generationsOf(place: string): number[] {
  return suffixesOf(place)
    .filter((suffix) => GENERATION.test(suffix))
    .map(Number)
    .sort((a, b) => a - b);
}

/** What contenders have beside the lock files for a moment; some that were killed have left theirs. */
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

/** What the file says; undefined when it is gone; `incomplete` when whoever made it has not written it to its end. */
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

/** No owner has been silent for so long; in seconds since 1970. */
const LONG_AGO = 1;

/** The file that its owner has made, kept open: no other file has its number as long as it is. */
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

  /** Whether it is still there, under its name. Asked before each batch, so it does not read the file. */
  isThere(): boolean {
    return statSync(this.#path, { throwIfNoEntry: false })?.ino === this.#number;
  }

  /**
   * Writes the state anew. Also the heartbeat: a write gives the file the time of the clock of its file system, which
   * is the one clock that two machines have in common.
   */
  write(state: LockClaim['state']): void {
    try {
      if (this.#isWritten) this.#writeAt(0, state);
      else this.#writeAt(0, `${state}\n${this.#text}\n${this.#note}\n`);
      this.#isWritten = true;
    } catch (error) {
      // A file that says nothing holds as well. What is stored can still be read then.
      if (this.#isWritten || !isFull(error)) throw error;
      futimesSync(this.#fd, new Date(), new Date());
    }
  }

  /**
   * Says for the last time that the place is free, and `note` of what is there. The note comes first: whoever is killed
   * between the two has said something true of a place that it held.
   */
  free(note: string): void {
    if (this.#isWritten) this.#rewriteNote(note);
    this.#note = note;
    this.write('free');
    // A disk that was full all the time has a file that says nothing. That of an owner would be waited for.
    if (!this.#isWritten) futimesSync(this.#fd, LONG_AGO, LONG_AGO);
  }

  #rewriteNote(note: string): void {
    const place = Buffer.byteLength(`held\n${this.#text}\n`);
    try {
      this.#writeAt(place, `${note}\n`);
    } catch (error) {
      if (!isFull(error)) throw error;
      // Takes no room. What was said before is not to be taken for what is said last.
      this.#writeAt(place, '\n');
    }
  }

  #writeAt(place: number, text: string): void {
    // As bytes: Deno writes a text at the end, whatever place is named (seen on 2.9.6).
    const bytes = Buffer.from(text);
    writeSync(this.#fd, bytes, 0, bytes.length, place);
  }

  /** Nothing may be called any more. */
  close(): void {
    closeSync(this.#fd);
  }
}

/**
 * Makes the file for `owner`; undefined when another contender was faster. It appears with all that it says, where the
 * file system has links: one that says nothing yet, because its owner was killed just then, would have to be waited for.
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
    // An owner takes away drafts that it finds.
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

/** What stands in the file behind its state. */
type Content = readonly [text: (anchor: string | undefined) => string, note: string];

/** Makes a file of this `name` that is to be at `path`, says in it that it is held, and does the rest. */
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
      // It has the time at which it was made.
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
