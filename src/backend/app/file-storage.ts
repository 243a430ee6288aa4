import type { ContentStore } from './content-store.ts';
import type { FileUrls } from './file-urls.ts';
import type { UploadUrls } from './upload-urls.ts';

/** What the apps of a backend need for files. */
export interface FileStorage {
  readonly content: ContentStore;
  readonly urls: FileUrls;
  readonly uploads: UploadUrls;
  /** The largest file accepted, in bytes. */
  readonly maxBytes: number;
}
