import { randomUUID } from 'node:crypto';
import { closeSync, fstatSync, openSync, readdirSync, rmSync, type Stats, statSync } from 'node:fs';
import { tmpdir } from 'node:os';

// `bun --watch` puts a new program in the place of the old one, and `deno run --watch` begins anew in the same process, both
// without a word to the old one: by its pid it still runs. So does a thread that ended while its process goes on. An open
// file is what they leave last, and what the system closes for them: as long as an owner is there, the anchor that its lock
// names is open in its process, whoever of it has opened it: another thread, a `vm` context, another copy of this package.
//
// Nothing but Linux lists what a process has open. Elsewhere nothing is proved, and silence decides.

/** A file that is open as long as its owner is there. */
export interface Anchor {
  /** Names it to whoever looks for it. */
  readonly name: string;
  /** To be called when the owner is none any more. Repeatable. */
  weigh(): void;
}

/** The name of an open file as an anchor, as long as it is not removed; undefined where it can have none. */
export function anchorIn(fd: number): string | undefined {
  return whereSeen(fd, numbersOf(fstatSync(fd)));
}

/** Makes a file for nothing else, which nobody finds; undefined where it cannot be made. */
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
    // Silence decides then.
  }
  return undefined;
}

/** Whether a process that runs has certainly no anchor of this name, in whichever of its threads. */
export function isWeighed(anchor: string, pid: number): boolean {
  const open = `/proc/${pid}/fd`;
  try {
    return !readdirSync(open).some((fd) => isAnchor(`${open}/${fd}`, anchor));
  } catch {
    return false;
  }
}

/** On a file system that says other numbers of the same file elsewhere, an owner that is there would count as gone. */
function whereSeen(fd: number, name: string | undefined): string | undefined {
  try {
    return name !== undefined && isAnchor(`/proc/${process.pid}/fd/${fd}`, name) ? name : undefined;
  } catch {
    // Others may be allowed to look there.
    return name;
  }
}

function isAnchor(path: string, anchor: string): boolean {
  // What was closed since it was listed, as what has listed it, is not there any more.
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && (anchor === numbersOf(stats) || anchor === nameOf(stats));
}

/** Numbers beyond what JavaScript counts to may be another's too, and another runtime may round them otherwise. */
function numbersOf({ dev, ino }: Stats): string | undefined {
  return Number.isSafeInteger(dev) && Number.isSafeInteger(ino) ? `${dev}:${ino}` : undefined;
}

/** Those of a removed file are given to the next, once it is closed. */
function nameOf(stats: Stats): string | undefined {
  const numbers = numbersOf(stats);
  return numbers && `${numbers}:${Math.trunc(stats.mtimeMs)}`;
}
