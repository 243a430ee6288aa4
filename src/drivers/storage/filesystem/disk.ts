import * as fs from 'node:fs';
import { SYNCED_WRITES, syncFolder } from '../folder-sync.ts';

/** A file that the log reads and writes. No method is called after `close`. */
export interface DiskFile {
  size(): number;
  /** Reads into `bytes`; returns how many were read. */
  readSync(bytes: Uint8Array, position: number): number;
  /** Reads into `bytes`; returns how many were read. */
  read(bytes: Uint8Array, position: number): Promise<number>;
  /** Writes `bytes`, or only a part from their start; returns how many were written. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** Resolves when everything written is on disk. */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): void;
  /** Whether it has lost its last name, so that its content is gone once it is closed. */
  isRemoved(): boolean;
}

/** The file system as the log needs it; tests simulate one. */
export interface Disk {
  list(folder: string): string[];
  openFile(path: string): DiskFile;
  /** Creates a file that must not exist yet, readable only by its owner. */
  createFile(path: string): DiskFile;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file that may be gone already. */
  remove(path: string): Promise<void>;
  /** Resolves when the names in the folder are on disk. */
  syncFolder(folder: string): Promise<void>;
}

const NEW_FILE = fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL;

/** The real file system. */
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

// Callbacks and descriptors rather than the file handles of `fs.promises`: an unclosed handle prints a warning, and
// handles read only asynchronously, while opening a storage is synchronous.
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
    // With synced writes the data is on disk already, and a sync would be refused.
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
