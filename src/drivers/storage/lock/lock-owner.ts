import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isWeighed } from './anchor.ts';

/** The holder of a lock, as its file names it. */
export interface LockOwner {
  /** Unique for every lock ever taken. */
  readonly token: string;
  readonly pid: number;
  /** The name of its machine or container, for messages. */
  readonly host?: string;
  /** Equal for two processes that see each other by their pids; absent if that cannot be known. */
  readonly machine?: string;
  /** When the process started, in the system's own units: distinguishes it from a later one with the same pid. */
  readonly started?: string;
  /**
   * Identifies a file that is open in its process while it is alive, see `anchor.ts`; absent in files of earlier
   * versions.
   */
  readonly anchor?: string;
}

/**
 * What can be known about an owner from here. About one on another machine it is nothing. One that is `gone` has ended
 * while its process goes on, so a write that it had begun may still be carried out.
 */
export type Life = 'alive' | 'dead' | 'gone' | 'unknown';

/** The system's view of one process. */
interface ProcessState {
  readonly started: string;
  readonly ended: boolean;
}

/** The locks that this thread holds, by their tokens. */
const heldHere = new Set<string>();

/** Records that this thread holds a lock. Returns a function that undoes it. */
export function holdHere({ token }: LockOwner): () => void {
  heldHere.add(token);
  return () => heldHere.delete(token);
}

/** Whether `owner` belongs to this process, in any of its threads. */
export function isOfThisProcess(owner: LockOwner): boolean {
  const { machine, started } = whereabouts();
  const isHere = machine !== undefined && owner.machine === machine;
  return isHere && owner.pid === process.pid && owner.started === started;
}

/** Whether the process that created `owner` could see the other processes of its machine. */
export function seesProcesses({ machine }: LockOwner): boolean {
  return machine !== undefined;
}

/** This process as the owner of a new lock. */
export function newOwner(): LockOwner {
  return { token: randomUUID(), pid: process.pid, ...whereabouts() };
}

/** Whether the process of `owner` still runs, and within it the owner's thread or program. */
export function lifeOf(owner: LockOwner): Life {
  if (isOfThisProcess(owner)) return lifeInThisProcess(owner);
  const { machine } = whereabouts();
  if (machine === undefined || owner.machine !== machine) return 'unknown';
  if (owner.started === undefined) return lifeByPid(owner.pid);
  const state = stateOf(owner.pid);
  // A system may hide the processes of other users from listings; such a process still answers to its pid.
  if (!state) return lifeByPid(owner.pid);
  if (state.ended || state.started !== owner.started) return 'dead';
  return hasLeft(owner) ? 'gone' : 'alive';
}

// An open anchor proves nothing here: Bun leaves the files of an ended worker open (seen on 1.4.5).
function lifeInThisProcess(owner: LockOwner): Life {
  if (heldHere.has(owner.token)) return 'alive';
  return hasLeft(owner) ? 'gone' : 'unknown';
}

/** Whether the running process of `owner` no longer contains it. */
function hasLeft({ pid, anchor }: LockOwner): boolean {
  return anchor !== undefined && isWeighed(anchor, pid);
}

function whereabouts(): Pick<LockOwner, 'host' | 'machine' | 'started'> {
  return process.platform === 'linux' ? onLinux() : elsewhere();
}

function onLinux(): Pick<LockOwner, 'host' | 'machine' | 'started'> {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // Containers of one machine share its boot id, but number their processes separately.
    const machine = `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
    const host = readFileSync('/proc/sys/kernel/hostname', 'utf8').trim();
    const started = stateOf(process.pid)?.started;
    return started === undefined ? {} : { host, machine, started };
  } catch {
    // Deno shows /proc only when it has all permissions. Without it the heartbeat decides.
    return {};
  }
}

function elsewhere(): Pick<LockOwner, 'host' | 'machine' | 'started'> {
  // Deno would prompt the user for permission to read the hostname.
  if ('Deno' in globalThis) return {};
  const host = hostname();
  return { host, machine: `${process.platform} ${host}` };
}

/** A pid that no process has means that the owner ended; a pid in use may belong to another process by now. */
function lifeByPid(pid: number): Life {
  if (pid === process.pid) return 'alive';
  try {
    process.kill(pid, 0);
    return 'unknown';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? 'dead' : 'unknown';
  }
}

function stateOf(pid: number): ProcessState | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the program's name in parentheses, which may itself contain spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', threads = '', started = ''] = [fields[0], fields[17], fields[19]];
  // A killed process becomes a zombie at once, while one of its threads may still be within a write.
  return { started, ended: /[ZXx]/.test(state) && Number(threads) <= 1 };
}
