import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import type { LockOwner } from './lock-owner.ts';

/** What a lock file says, once it says all of it. */
export interface LockClaim {
  readonly state: 'held' | 'free';
  readonly owner: LockOwner;
  /** See `Lock.fence`. */
  readonly fence: number;
}

/** The lock file of one generation. */
export function lockFile(place: string, generation: number): string {
  return `${place}.lock.${generation}`;
}

/** The generations that are there, in order. */
export function generationsOf(place: string): number[] {
  const prefix = `${basename(place)}.lock.`;
  return readdirSync(dirname(place))
    .filter((name) => name.startsWith(prefix) && /^[1-9]\d*$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b);
}

/** What the file says; undefined when it is gone; `incomplete` when whoever made it has not written it to its end. */
export function readClaim(file: string): LockClaim | 'incomplete' | undefined {
  const text = readIfThere(file);
  if (text === undefined) return undefined;
  const [state, json] = text.split('\n');
  if (state !== 'held' && state !== 'free') return 'incomplete';
  try {
    const { fence, ...owner } = JSON.parse(json ?? '') as LockOwner & { fence: number };
    return { state, owner, fence };
  } catch {
    return 'incomplete';
  }
}

/** Makes the file for `owner`; false when it is there already. */
export function createClaim(file: string, owner: LockOwner, fence: number): boolean {
  let fd: number;
  try {
    fd = openSync(file, 'wx', 0o600);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    writeSync(fd, `held\n${JSON.stringify({ ...owner, fence })}\n`, 0);
  } catch (error) {
    remove(file);
    throw error;
  } finally {
    closeSync(fd);
  }
  return true;
}

/**
 * Writes the state anew, where the file is there. Also the heartbeat: a write gives the file the time of the clock of
 * its file system, which is the one clock that two machines have in common.
 */
export function writeState(file: string, state: LockClaim['state']): void {
  let fd: number;
  try {
    fd = openSync(file, 'r+');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  try {
    writeSync(fd, state, 0);
  } finally {
    closeSync(fd);
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
    writeSync(fd, '.');
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

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code;
}
