import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Place } from './content-store.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** How long a file URL is valid, from the start of the UTC day on which it is made. */
const FILE_URL_LIFETIME_MS: number = 7 * DAY_MS;

/** Where file contents are served. */
export const CONTENT_PATH = '/storage/content';

/**
 * Creates and verifies file URLs. They cannot be guessed, and anyone who has one may read the file. A file's URL stays
 * the same for a UTC day, so that querying it again changes nothing.
 */
export class FileUrls {
  /** The backend's origin; set once it listens. */
  origin = '';
  readonly #key: Uint8Array;
  readonly #now: () => number;

  constructor(key: Uint8Array, now: () => number) {
    this.#key = key;
    this.#now = now;
  }

  /** The URL of a file's content. */
  sign(place: Place): string {
    const expires = Math.floor(this.#now() / DAY_MS) * DAY_MS + FILE_URL_LIFETIME_MS;
    const signature = this.#signature(place, `${expires}`).toString('base64url');
    const path = `${CONTENT_PATH}/${place.appId}/${place.locationId}`;
    return `${this.origin}${path}?expires=${expires}&signature=${signature}`;
  }

  /** Whether these are the parameters of a URL that was made for the place and has not expired. */
  isGood(place: Place, params: URLSearchParams): boolean {
    const expires = params.get('expires') ?? '';
    const expected = this.#signature(place, expires);
    const given = Buffer.from(params.get('signature') ?? '', 'base64url');
    const isSigned = given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
    return isSigned && Number(expires) > this.#now();
  }

  #signature({ appId, locationId }: Place, expires: string): Buffer {
    return createHmac('sha256', this.#key).update(`${appId}/${locationId}/${expires}`).digest();
  }
}
