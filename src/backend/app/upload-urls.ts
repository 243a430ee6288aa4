import { validationFailed } from '../../protocol/error.ts';
import { RecentMap } from '../../recent-map.ts';

/** How long after it was granted an upload can still begin. */
const LIFETIME_MS = 60 * 60 * 1_000;
const MAX_OPEN = 10_000;

/** An upload that was granted but has not begun. */
export interface OpenUpload {
  readonly appId: string;
  readonly path: string;
}

/** Grants uploads to URLs that need no further authorization; each is valid for one upload. They are not persisted. */
export class UploadUrls {
  readonly #open = new RecentMap<string, OpenUpload & { readonly expires: number }>(MAX_OPEN);
  readonly #now: () => number;
  readonly #newId: () => string;

  constructor(now: () => number, newId: () => string) {
    this.#now = now;
    this.#newId = newId;
  }

  /** Grants an upload, and returns the id that stands for it. */
  open(upload: OpenUpload): string {
    const id = this.#newId();
    this.#open.set(id, { ...upload, expires: this.#now() + LIFETIME_MS });
    return id;
  }

  /**
   * @throws {ServerError} `validation-failed` unless the id stands for an upload that was granted and has not begun.
   */
  take(id: string): OpenUpload {
    const upload = this.#open.get(id);
    this.#open.delete(id);
    if (upload && upload.expires > this.#now()) return upload;
    throw validationFailed('app-upload-url', id, [{ message: 'The upload URL is expired or invalid.' }]);
  }
}
