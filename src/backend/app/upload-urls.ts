import { validationFailed } from '../../protocol/error.ts';
import { RecentMap } from '../../recent-map.ts';

/** How long an upload can begin after it was asked for. */
const LIFETIME_MS = 60 * 60 * 1_000;
const MAX_OPEN = 10_000;

/** An upload that was allowed, and has not begun. */
export interface OpenUpload {
  readonly appId: string;
  readonly path: string;
}

/** Uploads to addresses that need no further right, each good for one. They are not kept beyond the process. */
export class UploadUrls {
  readonly #open = new RecentMap<string, OpenUpload & { readonly expires: number }>(MAX_OPEN);
  readonly #now: () => number;
  readonly #newId: () => string;

  constructor(now: () => number, newId: () => string) {
    this.#now = now;
    this.#newId = newId;
  }

  /** Allows an upload, and gives the id that names it. */
  open(upload: OpenUpload): string {
    const id = this.#newId();
    this.#open.set(id, { ...upload, expires: this.#now() + LIFETIME_MS });
    return id;
  }

  /** @throws {ServerError} `validation-failed` unless the id names an upload that was allowed and has not begun. */
  take(id: string): OpenUpload {
    const upload = this.#open.get(id);
    this.#open.delete(id);
    if (upload && upload.expires > this.#now()) return upload;
    throw validationFailed('app-upload-url', id, [{ message: 'The upload URL is expired or invalid.' }]);
  }
}
