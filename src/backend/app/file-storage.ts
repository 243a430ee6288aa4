import { createDiskContent } from '../keep/disk-content.ts';
import { createMemoryContent } from '../keep/memory-content.ts';
import type { ContentStore } from './content-store.ts';
import { FileUrls } from './file-urls.ts';
import type { Keeper } from './keeper.ts';
import { UploadUrls } from './upload-urls.ts';

/** What the apps of a backend need for their files. */
export interface FileStorage {
  readonly content: ContentStore;
  readonly urls: FileUrls;
  readonly uploads: UploadUrls;
  /** The largest file that is taken. */
  readonly maxBytes: number;
}

/** What files depend on. */
export interface FileStorageOptions {
  readonly keeper: Keeper;
  readonly maxBytes: number;
  now(): number;
  newId(): string;
}

/** Makes the storage for files: beside what the keeper keeps, or in memory when it keeps nothing. */
export function createFileStorage({ keeper, maxBytes, now, newId }: FileStorageOptions): FileStorage {
  const folder = keeper.filesFolder;
  return {
    content: folder === undefined ? createMemoryContent() : createDiskContent(folder),
    urls: new FileUrls(keeper.signingKey, now),
    uploads: new UploadUrls(now, newId),
    maxBytes,
  };
}
