import { randomUUID } from 'node:crypto';
import { closeSync, fstatSync, openSync, readdirSync, rmSync, type Stats, statSync } from 'node:fs';
import { tmpdir } from 'node:os';

// `bun --watch` replaces the program by a new one, and `deno run --watch` starts over in the same process, both without
// telling the old one: by its pid, it still runs. The same goes for a thread that ended while its process goes on. An
// open file is the last thing that they leave, and the system closes it for them: while an owner is alive, the anchor
// that its lock names is open in its process, whichever part of it opened the file: another thread, a `vm` context,
// another copy of this package.
//
// Only Linux lists the files that a process has open. Elsewhere nothing can be proved, and silence decides.

/** A file that is open while its owner is alive. */
export interface Anchor {
  /** Identifies it to other processes. */
  readonly name: string;
  /** Call it when the owner no longer holds anything. Repeatable. */
  weigh(): void;
}

/** The name of an open file as an anchor, valid until the file is removed; undefined if it cannot serve as one. */
export function anchorIn(fd: number): string | undefined {
  return whereSeen(fd, numbersOf(fstatSync(fd)));
}

/** Creates a file for this purpose alone, which no one else can find; undefined if that is not possible. */
export function dropAnchor(): Anchor | undefined {
  const path = `${tmpdir()}/instant-node-${randomUUID()}`;
  try {
    let fd: number | undefined = openSync(path, 'wx', 0o600);
    rmSync(path);
    const name = whereSeen(fd, nameOf(fstatSync(fd)));
    const weigh = (): void => {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    };
    if (name !== undefined) return { name, weigh };
    weigh();
  } catch {
    // Then silence decides.
  }
  return undefined;
}

/** Whether a running process certainly has no anchor of this name open, in any of its threads. */
export function isWeighed(anchor: string, pid: number): boolean {
  const open = `/proc/${pid}/fd`;
  try {
    return !readdirSync(open).some((fd) => isAnchor(`${open}/${fd}`, anchor));
  } catch {
    return false;
  }
}

/**
 * The name, if `/proc` shows the file by the same numbers. On a file system where it does not, a live owner would count
 * as gone.
 */
function whereSeen(fd: number, name: string | undefined): string | undefined {
  try {
    return name !== undefined && isAnchor(`/proc/${process.pid}/fd/${fd}`, name) ? name : undefined;
  } catch {
    // Other processes may be allowed to look there.
    return name;
  }
}

function isAnchor(path: string, anchor: string): boolean {
  // A descriptor that was closed since the listing, such as the listing's own, is gone.
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && (anchor === numbersOf(stats) || anchor === nameOf(stats));
}

/** Undefined beyond safe integers: a rounded number may be another file's too, and runtimes may round differently. */
function numbersOf({ dev, ino }: Stats): string | undefined {
  return Number.isSafeInteger(dev) && Number.isSafeInteger(ino) ? `${dev}:${ino}` : undefined;
}

/** Includes the time, because the numbers of a removed file are reused once it is closed. */
function nameOf(stats: Stats): string | undefined {
  const numbers = numbersOf(stats);
  return numbers && `${numbers}:${Math.trunc(stats.mtimeMs)}`;
}
