import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isWeighed } from './anchor.ts';

/** Who holds a lock, as its file says. */
export interface LockOwner {
  /** Differs for each lock that was ever taken. */
  readonly token: string;
  readonly pid: number;
  /** The name of its machine or container, for messages. */
  readonly host?: string;
  /** The same for two processes that see each other under the pids they have; absent where that cannot be known. */
  readonly machine?: string;
  /** When the process began, in the system's own count: tells it from a later one of the same pid. */
  readonly started?: string;
  /** What is open in its process as long as it is there, see `anchor.ts`; absent in what earlier versions have written. */
  readonly anchor?: string;
}

/**
 * What can be said of an owner from here. Of one on another machine nothing can. One that is `gone` has left its process to
 * others: what it had begun to write may still be written.
 */
export type Life = 'alive' | 'dead' | 'gone' | 'unknown';

/** What the system says of one process. */
interface ProcessState {
  readonly started: string;
  readonly ended: boolean;
}

/** The locks that this thread holds, by their tokens. */
const heldHere = new Set<string>();

/** Notes that this thread holds a lock. Returns what takes that back. */
export function holdHere({ token }: LockOwner): () => void {
  heldHere.add(token);
  return () => heldHere.delete(token);
}

/** Whether `owner` is of this process, of whichever thread. */
export function isOfThisProcess(owner: LockOwner): boolean {
  const { machine, started } = whereabouts();
  const isHere = machine !== undefined && owner.machine === machine;
  return isHere && owner.pid === process.pid && owner.started === started;
}

/** Whether the process of `owner`, as it was made there, could see the others of its machine. */
export function seesProcesses({ machine }: LockOwner): boolean {
  return machine !== undefined;
}

/** This process as the owner of one more lock. */
export function newOwner(): LockOwner {
  return { token: randomUUID(), pid: process.pid, ...whereabouts() };
}

/** Whether the process of `owner` still runs, and the thread or program in it. */
export function lifeOf(owner: LockOwner): Life {
  if (isOfThisProcess(owner)) return lifeInThisProcess(owner);
  const { machine } = whereabouts();
  if (machine === undefined || owner.machine !== machine) return 'unknown';
  if (owner.started === undefined) return lifeByPid(owner.pid);
  const state = stateOf(owner.pid);
  // Where a system hides the processes of other users, one of them is not seen but still answers to its pid.
  if (!state) return lifeByPid(owner.pid);
  if (state.ended || state.started !== owner.started) return 'dead';
  return hasLeft(owner) ? 'gone' : 'alive';
}

// An anchor that is open proves nothing here: Bun leaves open what a worker had (seen on 1.4.5).
function lifeInThisProcess(owner: LockOwner): Life {
  if (heldHere.has(owner.token)) return 'alive';
  return hasLeft(owner) ? 'gone' : 'unknown';
}

/** Whether the process of `owner`, which runs, is another program's by now. */
function hasLeft({ pid, anchor }: LockOwner): boolean {
  return anchor !== undefined && isWeighed(anchor, pid);
}

function whereabouts(): Pick<LockOwner, 'host' | 'machine' | 'started'> {
  return process.platform === 'linux' ? onLinux() : elsewhere();
}

function onLinux(): Pick<LockOwner, 'host' | 'machine' | 'started'> {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // Containers of one machine share its boot, but count their processes apart.
    const machine = `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
    const host = readFileSync('/proc/sys/kernel/hostname', 'utf8').trim();
    const started = stateOf(process.pid)?.started;
    return started === undefined ? {} : { host, machine, started };
  } catch {
    // Deno shows /proc with all permissions alone. The heartbeat decides then.
    return {};
  }
}

function elsewhere(): Pick<LockOwner, 'host' | 'machine' | 'started'> {
  // Deno would ask the user for leave to know the name.
  if ('Deno' in globalThis) return {};
  const host = hostname();
  return { host, machine: `${process.platform} ${host}` };
}

/** A pid that nobody has is a process that ended; one that somebody has may be another's by now. */
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
  // The second field is the program's name in parentheses, which may hold spaces and parentheses of its own.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', threads = '', started = ''] = [fields[0], fields[17], fields[19]];
  // A killed process is a zombie at once, while a thread of it may still be within a write.
  return { started, ended: /[ZXx]/.test(state) && Number(threads) <= 1 };
}
