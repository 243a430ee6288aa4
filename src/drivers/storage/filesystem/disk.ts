import * as fs from 'node:fs';
import { SYNCED_WRITES, syncFolder } from '../folder-sync.ts';

/** A file that the log reads and writes. Nothing is called once it is closed. */
export interface DiskFile {
  size(): number;
  /** Reads into `bytes`; gives how many there were. */
  readSync(bytes: Uint8Array, position: number): number;
  /** Reads into `bytes`; gives how many there were. */
  read(bytes: Uint8Array, position: number): Promise<number>;
  /** Writes `bytes`, or some from their start on; gives how many. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** Resolves when all that was written is on the disk. */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): void;
  /** Whether it has no name any more: what is written to it is gone when it is closed. */
  isRemoved(): boolean;
}

/** What the log needs of a file system; a test simulates one. */
export interface Disk {
  list(folder: string): string[];
  openFile(path: string): DiskFile;
  /** Makes a file that is not there, readable by its owner alone. */
  createFile(path: string): DiskFile;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file that may be gone already. */
  remove(path: string): Promise<void>;
  /** Resolves when the names in the folder are on the disk. */
  syncFolder(folder: string): Promise<void>;
}

const NEW_FILE = fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL;

/** The file system of this machine. */
export const machineDisk: Disk = {
  list: (folder) => fs.readdirSync(folder),
  openFile: (path) => fileOver(fs.openSync(path, fs.constants.O_RDWR | SYNCED_WRITES)),
  createFile: (path) => fileOver(fs.openSync(path, NEW_FILE | SYNCED_WRITES, 0o600)),
  rename: (from, to) => fs.promises.rename(from, to),
  remove: (path) => fs.promises.rm(path, { force: true }),
  async syncFolder(folder) {
    await syncFolder(folder);
  },
};

// Callbacks and numbers, not the file handles of `fs.promises`: a handle that is not closed warns, and reads only
// asynchronously, while opening a storage is synchronous.
function fileOver(fd: number): DiskFile {
  return {
    size: () => fs.fstatSync(fd).size,
    readSync: (bytes, position) => fs.readSync(fd, bytes, 0, bytes.length, position),
    read: (bytes, position) =>
      promised((done) => fs.read(fd, bytes, 0, bytes.length, position, (error, count) => done(error, count))),
    write: (bytes, position) =>
      promised((done) =>
        fs.write(fd, bytes, 0, bytes.length, position, (error, count) => done(error, count)),
      ),
    // Refused where what was written is on the disk already.
    sync: () =>
      SYNCED_WRITES ? Promise.resolve() : promised((done) => fs.fdatasync(fd, (error) => done(error))),
    truncate: (size) => promised((done) => fs.ftruncate(fd, size, (error) => done(error))),
    close: () => fs.closeSync(fd),
    isRemoved: () => fs.fstatSync(fd).nlink === 0,
  };
}

function promised<Value = void>(
  start: (done: (error: Error | null | undefined, value?: Value) => void) => void,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value as Value)));
  });
}
