import { constants, createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { SYNCED_WRITES, syncFolder } from '../../drivers/storage/folder-sync.ts';
import { isUuid } from '../../protocol/uuid.ts';
import { type ContentStore, limited, type Place } from '../app/content-store.ts';

/** Suffix of a file until it is complete. */
const DRAFT = '.part';
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

/**
 * Stores contents as files: `<folder>/<app id>/<two digits of the location>/<location id>`. A file gets its name only
 * once it is complete and synced. Names consist of UUIDs only, so none leads out of the folder.
 */
// Longer than 40 lines because it is all methods of one object.
export function createDiskContent(folder: string): ContentStore {
  const pathOf = ({ appId, locationId }: Place): string => {
    if (!isUuid(appId) || !isUuid(locationId)) throw new TypeError('A place is named by two UUIDs');
    return join(folder, appId, locationId.slice(0, 2), locationId);
  };
  return {
    async write(place, body, maxBytes) {
      const path = pathOf(place);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const draft = `${path}${DRAFT}`;
      try {
        const size = await writeSynced(draft, limited(body, maxBytes));
        await rename(draft, path);
        for (const parent of [dirname(path), join(folder, place.appId), folder]) await syncFolder(parent);
        return size;
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
    },
    async read(place) {
      const path = pathOf(place);
      const found = await stat(path).catch(ignoreMissing);
      if (!found?.isFile()) return undefined;
      return {
        size: found.size,
        stream: ({ start, end }) => (end > start ? streamOf(path, start, end) : emptyStream()),
      };
    },
    async delete(place) {
      await rm(pathOf(place), { force: true });
    },
    async deleteApp(appId) {
      if (!isUuid(appId)) throw new TypeError('An app is named by a UUID');
      await rm(join(folder, appId), { recursive: true, force: true });
    },
    async sweep(isUsed) {
      for await (const { path, place } of filesIn(folder)) {
        if (!isUsed(place)) await rm(path, { force: true });
      }
    },
  };
}

async function writeSynced(path: string, body: AsyncIterable<Uint8Array>): Promise<number> {
  const file = await open(path, NEW_FILE | SYNCED_WRITES, 0o600);
  try {
    let size = 0;
    for await (const chunk of body) {
      await writeAll(file, chunk);
      size += chunk.byteLength;
    }
    // Skipped when every write was synced already, which is where Node's permission model refuses to sync.
    if (!SYNCED_WRITES) await file.sync();
    return size;
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength; ) {
    at += (await file.write(chunk, at, chunk.byteLength - at)).bytesWritten;
  }
}

function streamOf(path: string, start: number, end: number): ReadableStream<Uint8Array> {
  return Readable.toWeb(createReadStream(path, { start, end: end - 1 })) as ReadableStream<Uint8Array>;
}

function emptyStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}

async function* filesIn(folder: string): AsyncIterable<{ path: string; place: Place }> {
  for (const appId of await namesIn(folder)) {
    for (const bin of await namesIn(join(folder, appId))) {
      for (const name of await namesIn(join(folder, appId, bin))) {
        yield { path: join(folder, appId, bin, name), place: { appId, locationId: name } };
      }
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(ignoreMissing)) ?? [];
}

function ignoreMissing(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw error;
}
