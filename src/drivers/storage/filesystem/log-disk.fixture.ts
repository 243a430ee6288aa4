import type { Random } from '../../../../conformance/support/random.ts';
import type { Disk, DiskFile } from './disk.ts';

/** As small as it takes for a short write to be of several. */
const PAGE = 64;

/** What happens in the place of a call. A `crash` ends the process: that call and all later ones have no effect. */
export type Fault = 'EIO' | 'ENOSPC' | 'crash';

/** When a fault happens: at the call of this number, counted from 1, and at as many that follow it. */
export interface Plan {
  readonly fault: Fault;
  readonly at: number;
  readonly times: number;
}

interface Write {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** What a file holds as programs see it, and what of that the disk has. */
interface Inode {
  seen: Buffer;
  kept: Buffer;
  /** What the disk does not have yet; a number is a size that the file was cut to. */
  pending: (Write | number)[];
}

/** A name that is given to a file, or with null taken from one. A rename is both, at once. */
type NameChange = readonly (readonly [name: string, inode: Inode | null])[];

/**
 * A disk that forgets what was not synced, page by page, when the power fails. Calls that change something, and reads,
 * are counted, and fail as planned: a write that fails may have written a part, and after a sync that failed the disk
 * has some of the pages, of which the others never come.
 */
export class SimulatedDisk implements Disk {
  readonly #random: Random;
  #plans: readonly Plan[];
  readonly #names = new Map<string, Inode>();
  readonly #keptNames = new Map<string, Inode>();
  #pendingNames: NameChange[] = [];
  /** The calls so far. */
  calls = 0;

  constructor(random: Random, ...plans: Plan[]) {
    this.#random = random;
    this.#plans = plans;
  }

  /** Has no call fail from now on; whether one had before. */
  heal(): boolean {
    const hasFailed = this.#plans.some(({ at }) => this.calls >= at);
    this.#plans = [];
    return hasFailed;
  }

  /** The disk as another process finds it that starts after this one was killed: nothing is lost, nothing more is synced. */
  afterKill(): SimulatedDisk {
    return this.#copy((inode) => ({ ...inode, pending: [...inode.pending] }));
  }

  /** The disk as the power failure leaves it. */
  afterPowerFailure(): SimulatedDisk {
    const next = this.#copy((inode) => {
      const bytes = this.#survivingContent(inode);
      return { seen: bytes, kept: Buffer.from(bytes), pending: [] };
    });
    const survive = this.#random.below(next.#pendingNames.length + 1);
    for (const change of next.#pendingNames.slice(0, survive)) applyNames(next.#keptNames, change);
    next.#pendingNames = [];
    next.#names.clear();
    for (const [name, inode] of next.#keptNames) next.#names.set(name, inode);
    return next;
  }

  #copy(copy: (inode: Inode) => Inode): SimulatedDisk {
    const next = new SimulatedDisk(this.#random);
    const copies = new Map<Inode, Inode>();
    const copyOf = (inode: Inode): Inode => {
      const made = copies.get(inode) ?? copy(inode);
      copies.set(inode, made);
      return made;
    };
    for (const [name, inode] of this.#names) next.#names.set(name, copyOf(inode));
    for (const [name, inode] of this.#keptNames) next.#keptNames.set(name, copyOf(inode));
    next.#pendingNames = this.#pendingNames.map((change) =>
      change.map(([name, inode]) => [name, inode && copyOf(inode)] as const),
    );
    return next;
  }

  /** Everything in the files, by their names. */
  files(): Map<string, Buffer> {
    return new Map([...this.#names].map(([name, { seen }]) => [name, Buffer.from(seen)]));
  }

  /** Puts a file there, as if it had always been. */
  put(name: string, bytes: Buffer): void {
    const inode = { seen: Buffer.from(bytes), kept: Buffer.from(bytes), pending: [] };
    this.#names.set(name, inode);
    this.#keptNames.set(name, inode);
  }

  list(folder: string): string[] {
    this.#call();
    return [...this.#names.keys()].map((name) => name.slice(folder.length + 1));
  }

  openFile(path: string): DiskFile {
    this.#call();
    const inode = this.#names.get(path);
    if (!inode) throw failure('ENOENT');
    return this.#fileOver(inode);
  }

  createFile(path: string): DiskFile {
    this.#call();
    if (this.#names.has(path)) throw failure('EEXIST');
    const inode: Inode = { seen: Buffer.alloc(0), kept: Buffer.alloc(0), pending: [] };
    this.#changeNames([[path, inode]]);
    return this.#fileOver(inode);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#asyncCall();
    const inode = this.#names.get(from);
    if (!inode) throw failure('ENOENT');
    this.#changeNames([
      [from, null],
      [to, inode],
    ]);
  }

  async remove(path: string): Promise<void> {
    await this.#asyncCall();
    this.#changeNames([[path, null]]);
  }

  async syncFolder(): Promise<void> {
    await this.#asyncCall();
    for (const change of this.#pendingNames) applyNames(this.#keptNames, change);
    this.#pendingNames = [];
  }

  #changeNames(change: NameChange): void {
    applyNames(this.#names, change);
    this.#pendingNames.push(change);
  }

  #fileOver(inode: Inode): DiskFile {
    let isClosed = false;
    const use = (): void => {
      if (isClosed) throw failure('EBADF');
    };
    const read = (bytes: Uint8Array, position: number): number => {
      use();
      const found = inode.seen.subarray(position, position + bytes.length);
      bytes.set(found);
      return found.length;
    };
    return {
      size: () => inode.seen.length,
      readSync: (bytes, position) => {
        this.#call();
        return read(bytes, position);
      },
      read: async (bytes, position) => {
        await this.#asyncCall();
        return read(bytes, position);
      },
      write: async (bytes, position) => {
        use();
        // A short write is no error, and some bytes may be written before one.
        const count = 1 + this.#random.below(bytes.length);
        await this.#asyncCall(() =>
          this.#write(inode, bytes.subarray(0, this.#random.below(count)), position),
        );
        this.#write(inode, bytes.subarray(0, count), position);
        return count;
      },
      sync: async () => {
        use();
        await this.#asyncCall((fault) => {
          if (fault !== 'crash') this.#halfSync(inode);
        });
        inode.kept = contentAfter(inode.kept, inode.pending);
        inode.pending = [];
      },
      truncate: async (size) => {
        use();
        await this.#asyncCall();
        inode.seen = Buffer.from(inode.seen.subarray(0, size));
        inode.pending.push(size);
      },
      close: () => {
        use();
        isClosed = true;
      },
      isRemoved: () => ![...this.#names.values()].includes(inode),
    };
  }

  #write(inode: Inode, bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return;
    const write = { position, bytes: Buffer.from(bytes) };
    inode.seen = withWrite(inode.seen, write);
    inode.pending.push(write);
  }

  /** The disk gets some of the pages, and the system believes that it has all. */
  #halfSync(inode: Inode): void {
    inode.kept = this.#survivingContent(inode);
    inode.pending = [];
  }

  /** What is left of a file: of what was not synced some pages, in any order, and zeros where one is missing. */
  #survivingContent({ kept, pending }: Inode): Buffer {
    let bytes: Buffer = Buffer.from(kept);
    for (const change of pending) {
      if (typeof change === 'number') {
        if (this.#random.below(2) === 0) bytes = Buffer.from(bytes.subarray(0, change));
        continue;
      }
      for (let from = 0; from < change.bytes.length; from += PAGE) {
        const page = { position: change.position + from, bytes: change.bytes.subarray(from, from + PAGE) };
        if (this.#random.below(3) > 0) bytes = withWrite(bytes, page);
      }
    }
    return bytes;
  }

  async #asyncCall(onFault: (fault: Fault) => void = () => {}): Promise<void> {
    // As on a real disk, what was called is done later.
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#call(onFault);
  }

  #call(onFault: (fault: Fault) => void = () => {}): void {
    this.calls++;
    for (const plan of this.#plans) {
      const isCrash = plan.fault === 'crash';
      if (this.calls < plan.at || (!isCrash && this.calls >= plan.at + plan.times)) continue;
      // What a call does as the process ends, it does in part, once.
      if (!isCrash || this.calls === plan.at) onFault(plan.fault);
      throw failure(plan.fault);
    }
  }
}

function applyNames(names: Map<string, Inode>, change: NameChange): void {
  for (const [name, inode] of change) {
    if (inode) names.set(name, inode);
    else names.delete(name);
  }
}

function contentAfter(bytes: Buffer, changes: readonly (Write | number)[]): Buffer {
  let result = Buffer.from(bytes);
  for (const change of changes) {
    result = typeof change === 'number' ? Buffer.from(result.subarray(0, change)) : withWrite(result, change);
  }
  return result;
}

function withWrite(bytes: Buffer, { position, bytes: added }: Write): Buffer<ArrayBuffer> {
  const size = Math.max(bytes.length, position + added.length);
  const result = Buffer.alloc(size);
  bytes.copy(result);
  result.set(added, position);
  return result;
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}
